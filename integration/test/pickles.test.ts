import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { MemcacheSerdeError } from '@mc/protocol'
import { Flag, pickleSerde } from '@mc/serde'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { isLong, runs, seed } from '../../test-support/amounts.ts'
import { codePoint } from '../../test-support/code-points.ts'
import { pathOf } from '../src/programs.ts'
import { runPython } from '../src/python.ts'

interface Pickled {
  readonly protocol?: number
  readonly data: string
  readonly description: unknown
}

interface Answer {
  readonly written: readonly Pickled[]
  /** Which of our pickles Python read as another value. */
  readonly unequal: readonly number[]
}

const COUNT = runs(200, 20_000)
const serde = pickleSerde({ dates: 'utc' })
const naiveSerde = pickleSerde({ dates: 'naive' })

/** What python/pickles.py says of a value, in the same form. */
function describeValue(value: unknown, seen = new Map<unknown, number>()): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'string') {
    return ['str', Buffer.from(value, 'utf16le').swap16().toString('hex')]
  }
  if (typeof value === 'bigint' || (Number.isSafeInteger(value) && !Object.is(value, -0))) {
    const int = BigInt(value as number)
    return ['int', int < 0n ? `-0x${(-int).toString(16)}` : `0x${int.toString(16)}`]
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(value)
    return ['float', Number.isNaN(value) ? 'nan' : bytes.toString('hex')]
  }
  if (value instanceof Uint8Array) return ['bytes', Buffer.from(value).toString('hex')]
  if (value instanceof Date) return ['datetime', value.getTime()]
  const inside =
    value instanceof Map || value instanceof Set ? [...value] : Object.values(value as object)
  if (inside.length > 0) {
    const again = seen.get(value)
    if (again !== undefined) return ['again', again]
    seen.set(value, seen.size)
  }
  if (Array.isArray(value)) return ['list', value.map((item) => describeValue(item, seen))]
  if (value instanceof Set) {
    const items = inside.map((item) => describeValue(item))
    return ['set', items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))]
  }
  const entries = value instanceof Map ? [...value] : Object.entries(value as object)
  if (entries.every(([key]) => typeof key === 'string')) {
    entries.sort(([a], [b]) => (a < b ? -1 : 1))
  }
  return ['dict', entries.map((entry) => entry.map((part) => describeValue(part, seen)))]
}

/** Text without both halves of a pair side by side but apart, which Python keeps apart. */
const text = fc.oneof(
  fc.string({ unit: codePoint }),
  fc.constantFrom('\ud800', '\udfffx', '__proto__', '12'),
)
const scalar = fc.oneof(
  text,
  fc.constantFrom(null, true, false),
  fc.maxSafeInteger(),
  fc.integer(),
  fc.integer({ min: -300, max: 70_000 }),
  fc.double(),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
  fc.uint8Array({ maxLength: 300 }),
  fc.date({
    min: new Date(-62_000_000_000_000),
    max: new Date(253_000_000_000_000),
    noInvalidDate: true,
  }),
)
/** Of kinds and values that Python does not consider equal to each other. */
const key = fc.oneof(text, fc.integer({ min: 2 }), fc.bigInt({ min: 2n ** 64n }), fc.constant(null))

const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value')),
    fc.dictionary(text, tie('value')),
    fc.array(fc.tuple(key, tie('value'))).map((entries) => new Map(entries)),
    fc.uniqueArray(key).map((items) => new Set(items)),
    tie('value').map((shared) => [shared, { again: shared }, shared]),
    tie('value').map((inside) => {
      const cycle = { inside, self: [] as unknown[] }
      cycle.self.push(cycle)
      return cycle
    }),
  ),
}))

async function askPython(request: object): Promise<Answer> {
  const script = fileURLToPath(new URL('./python/pickles.py', import.meta.url))
  const python = spawn(pathOf('pymemcache'), [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  python.stdin.end(JSON.stringify(request))
  return (await json(python.stdout)) as Answer
}

const tags = isLong ? ['pymemcache', 'long'] : ['pymemcache']

describe(`${COUNT} random values between pickleSerde and Python`, { tags }, () => {
  const values = fc.sample(anyValue, { numRuns: COUNT, seed })
  let answer: Answer
  beforeAll(async () => {
    const pickles = await Promise.all(
      values.map(async (value, i) => {
        // In a list, so that text and numbers are pickled too.
        const { data } = await (i % 2 === 0 ? serde : naiveSerde).serialize([value], 'key')
        return { data: Buffer.from(data).toString('base64'), description: describeValue([value]) }
      }),
    )
    answer = await askPython({ seed, count: COUNT, pickles })
  }, 300_000)

  test('what Python wrote by protocols 0 to 5 is read as its value', async () => {
    expect(answer.written).toHaveLength(COUNT)
    for (const { protocol, data, description } of answer.written) {
      const value = await serde.deserialize(Buffer.from(data, 'base64'), Flag.pickle, 'key')
      expect(describeValue(value), `protocol ${protocol} ${data}, MC_SEED=${seed}`).toEqual(
        description,
      )
    }
  })

  test('what we wrote Python reads as an equal value', () => {
    expect(
      answer.unequal.map((index) => values[index]),
      `MC_SEED=${seed}`,
    ).toEqual([])
  })
})

test('what is more than data is an error that names its class, and nothing is run', {
  tags: ['pymemcache'],
}, async () => {
  const witness = join(tmpdir(), `mc-pickle-${process.pid}-${seed}`)
  const pickles = (await runPython('hostile_pickles.py', witness)) as [
    what: string,
    name: string,
    protocol: number,
    data: string,
  ][]
  expect(pickles.length).toBeGreaterThan(150)
  for (const [what, name, protocol, data] of pickles) {
    const read = async () => serde.deserialize(Buffer.from(data, 'base64'), Flag.pickle, 'key')
    const which = `${what}, protocol ${protocol}`
    await expect(read(), which).rejects.toBeInstanceOf(MemcacheSerdeError)
    await expect(read(), which).rejects.toThrow(name)
  }
  expect(existsSync(witness)).toBe(false)
})
