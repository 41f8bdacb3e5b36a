import { inspect } from 'node:util'
import { serialize } from 'node:v8'
import { MemcacheError, type Serde } from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import {
  compressedSerde,
  Flag,
  functionSerde,
  jsonSerde,
  nativeSerde,
  rawSerde,
  structuredSerde,
  textSerde,
} from '../src/index.ts'
import { errorOf, readItem } from './round-trip.ts'

const SECRET = 'Tr0ub4dor'

/** All that a log could show of it. */
function shown(error: unknown): string {
  let text = inspect(error, { depth: 10, showHidden: true })
  for (let at = error; at instanceof Error; at = at.cause) text += `${at.message} ${at.stack}`
  return text
}

const cycle: Record<string, unknown> = {}
cycle[SECRET] = cycle

describe('an error of a serde quotes nothing', () => {
  it.each<[string, Serde<never>, unknown]>([
    ['nativeSerde', nativeSerde, cycle],
    ['nativeSerde', nativeSerde, Symbol(SECRET)],
    ['nativeSerde', nativeSerde, new Map([[SECRET, 1]])],
    ['nativeSerde', nativeSerde, Object.assign(new Map(), { constructor: () => SECRET })],
    [
      'jsonSerde',
      jsonSerde(),
      Object.defineProperty(new Map(), 'constructor', {
        value: { name: SECRET },
      }),
    ],
    ['jsonSerde', jsonSerde(), cycle],
    ['structuredSerde', structuredSerde, () => 'Tr0ub4dor'],
    ['structuredSerde', structuredSerde, { deep: Symbol(SECRET) }],
    ['textSerde', textSerde, `${SECRET}\ud800`],
    ['rawSerde', rawSerde, SECRET],
    ['functionSerde', functionSerde(() => SECRET as never), SECRET],
    ['functionSerde', functionSerde(() => ({ data: 'x', flags: SECRET as never })), 1],
    ['compressedSerde', compressedSerde({ ...rawSerde, serialize: () => SECRET as never }), 1],
  ] as never)('of a value that %s cannot write', async (_, serde, value) => {
    const error = await errorOf(() => (serde as Serde).serialize(value, 'key'))
    expect(error).toBeInstanceOf(MemcacheError)
    expect(shown(error)).not.toContain(SECRET)
  })

  it.each<[string, Serde<never>, string | Uint8Array, number]>([
    ['nativeSerde', nativeSerde, `{"a": ${SECRET}}`, Flag.json],
    ['nativeSerde', nativeSerde, SECRET, Flag.integer],
    ['nativeSerde', nativeSerde, Buffer.from(`${SECRET}\xff`, 'latin1'), Flag.text],
    ['jsonSerde', jsonSerde(), `${SECRET} in JSON at position 5`, Flag.json],
    ['jsonSerde', jsonSerde({ reviver: (_, value) => value }), `[${SECRET}]`, Flag.json],
    ['structuredSerde', structuredSerde, invalidPattern(), Flag.structured],
    ['compressedSerde', compressedSerde(textSerde), SECRET, Flag.zlib | Flag.text],
  ] as never)('of an item that %s cannot read', async (_, serde, data, flags) => {
    const error = await errorOf(() => readItem(serde as Serde, data, flags))
    expect(error).toBeInstanceOf(MemcacheError)
    expect(shown(error)).not.toContain(SECRET)
  })

  it.each([
    ['{"a":', /is not valid JSON: it ends too early$/],
    ['{"a": "x', /is not valid JSON: it ends too early$/],
    ['{"a" 1}', /is not valid JSON at character 5$/],
  ])('but where %j stops being JSON', async (data, message) => {
    const error = await errorOf(() => readItem(jsonSerde(), data, Flag.json))
    expect(error).toMatchObject({ message: expect.stringMatching(message) })
  })

  it('and shows no more than the beginning of a key', async () => {
    const key = `${'k'.repeat(60)}\u0007`
    const error = await errorOf(() => nativeSerde.deserialize(Buffer.of(), Flag.pickle, key))
    expect(error).toMatchObject({ key, message: expect.stringContaining(`"${'k'.repeat(40)}…"`) })
  })
})

/** A regular expression that the engine refuses, in whose error it stands. */
function invalidPattern(): Buffer {
  const bytes = serialize(new RegExp(`${SECRET}x`))
  bytes[bytes.indexOf('x')] = '('.charCodeAt(0)
  return bytes
}
