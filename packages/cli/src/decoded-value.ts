import type { Serde } from '@mc/protocol'
import { Flag } from '@mc/serde'
import { toJson } from './json.ts'
import { SERDES, type SerdeName } from './serdes.ts'

/** A value as the server has it, and as an application reads it. */
export interface DecodedValue {
  readonly bytes: Buffer
  readonly flags: number
  /** What the flags call it, such as `text`, `json, zlib`. */
  readonly format: string
  /** As the serde reads it; `undefined` where it cannot. */
  readonly value: unknown
  /** Why it cannot be read. */
  readonly problem: string | undefined
}

/** Writes values as the application does, and reads each with what its flags say of it. */
export function decodingSerde(name: SerdeName): Serde<unknown> {
  const serde = SERDES[name]()
  return {
    serialize: (value, key) => serde.serialize(value, key),
    async deserialize(data, flags, key): Promise<DecodedValue> {
      const bytes = Buffer.from(data)
      const format = formatOf(flags, name)
      try {
        const value = await serde.deserialize(bytes, flags, key)
        toJson(value) // Throws for a value that contains itself, which cannot be shown.
        return { bytes, flags, format, value, problem: undefined }
      } catch (error) {
        return { bytes, flags, format, value: undefined, problem: (error as Error).message }
      }
    },
  }
}

/** Flags of npm `memcached`. */
const NPM_MEMCACHED: Readonly<Record<number, string>> = {
  0: 'text',
  2: 'json',
  4: 'bytes',
  8: 'number',
}

const COMPRESSIONS = Flag.zlib | Flag.gzip | Flag.brotli | Flag.zstd

/** What the flags mean to a serde: the contents, then how they are compressed. */
function formatOf(flags: number, serde: SerdeName): string {
  if (serde === 'memcached') return NPM_MEMCACHED[flags] ?? `flags ${flags}`
  if (flags === Flag.bytes) return 'bytes'
  // Contents of newer compressions have their flags 16 bits higher.
  const contents = (flags | (flags >>> 16)) & ~COMPRESSIONS
  const named = (bits: number): string[] => {
    return Object.entries(Flag).flatMap(([name, bit]) => ((bits & bit) === 0 ? [] : [name]))
  }
  const names = [...named(contents), ...named(flags & COMPRESSIONS)]
  return names.length === 0 ? `flags ${flags}` : names.join(', ')
}
