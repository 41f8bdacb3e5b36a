import type { Serde } from '@mc/protocol'

/** What a key has: text, empty bytes, or nothing. */
export type Value = string | Uint8Array

const KINDS = ['text', 'text', 'text', 'nothing', 'text', 'empty'] as const
export type Kind = (typeof KINDS)[number]

/** The version of a key's value; its text names the load that brought it. */
export function valueAt(key: string, version: number, load: number | string): Value | undefined {
  const kind = kindOf(version)
  if (kind === 'nothing') return undefined
  return kind === 'empty' ? Buffer.alloc(0) : `${key}:v${version}:l${load}`
}

export function kindOf(version: number): Kind {
  return KINDS[version % KINDS.length] as Kind
}

/** What an answer says of where it comes from; `undefined` for what is no value of the key. */
export function readAnswer(
  key: string,
  answer: unknown,
): { kind: Kind; version?: number; load?: string } | undefined {
  if (answer === undefined) return { kind: 'nothing' }
  if (answer instanceof Uint8Array) return answer.length === 0 ? { kind: 'empty' } : undefined
  const match = /^(k\d):v(\d+):l(\w+)$/.exec(typeof answer === 'string' ? answer : '')
  if (match === null || match[1] !== key) return undefined
  return { kind: 'text', version: Number(match[2]), load: match[3] as string }
}

/** The source of truth: a version for each key. */
export class Source {
  readonly #versions = new Map<string, number>()

  read(key: string): number {
    return this.#versions.get(key) ?? 1
  }

  change(key: string): void {
    this.#versions.set(key, this.read(key) + 1)
  }
}

const TEXT_FLAGS = 16

/** Text, or bytes with the flags of a placeholder. */
export const valueSerde: Serde<Value> = {
  ignoresContext: true,
  serialize: (value) => ({ data: value, flags: typeof value === 'string' ? TEXT_FLAGS : 0 }),
  deserialize: (data, flags) => (flags === TEXT_FLAGS ? data.toString() : Buffer.from(data)),
}
