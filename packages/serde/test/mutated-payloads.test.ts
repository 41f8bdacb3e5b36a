import { MemcacheSerdeError, type Serde } from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import { runs, seed } from '../../../test-support/amounts.ts'
import {
  type CompressionAlgorithm,
  compressedSerde,
  jsonSerde,
  type NativeValue,
  nativeSerde,
  pickleSerde,
  rawSerde,
  structuredSerde,
  textSerde,
} from '../src/index.ts'
import { errorOf, readItem } from './round-trip.ts'

const ROUNDS = runs(500, 10_000)
const MAX_LENGTH = 1_000_000

const values: readonly NativeValue[] = [
  'text £ €',
  'long text '.repeat(100),
  Buffer.alloc(600, 1),
  42,
  10n ** 500n,
  1.5,
  null,
  { list: [1, 'a', null, { deep: true }], text: 'x'.repeat(500) },
]

const structuredValues: readonly NativeValue[] = [
  ...values,
  new Map<unknown, unknown>([[1, new Set([2n, /x/])]]),
  [new Date(5), Float64Array.of(1), new Error('e'), Buffer.from('x')],
]

const compressed = (algorithm: CompressionAlgorithm) =>
  compressedSerde(nativeSerde, { algorithm, minLength: 10, maxDecompressedLength: MAX_LENGTH })

const serdes: readonly (readonly [string, Serde<never>, readonly NativeValue[]])[] = [
  ['nativeSerde', nativeSerde, values],
  ['rawSerde', rawSerde, [Buffer.from('bytes')]],
  ['textSerde', textSerde, ['text £ €', '']],
  ['jsonSerde', jsonSerde(), ['text', 1.5, null, { list: [1, { deep: true }] }]],
  ['structuredSerde', structuredSerde, structuredValues],
  ['pickleSerde', pickleSerde(), [...values, new Map([[1, new Set([2n, 'x'])]])]],
  ['zlib', compressed('zlib'), values],
  ['gzip', compressed('gzip'), values],
  ['brotli', compressed('brotli'), values],
  [
    'structuredSerde with zlib off the event loop',
    compressedSerde(structuredSerde, {
      minLength: 10,
      asyncLength: 50,
      maxDecompressedLength: MAX_LENGTH,
    }),
    structuredValues,
  ],
] as never

/** A small linear generator, so that a failure can be repeated. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function mutate(data: Buffer, random: (below: number) => number): Buffer {
  const bytes = Buffer.from(data)
  switch (random(5)) {
    case 0:
      return bytes.subarray(0, random(bytes.length + 1))
    case 1:
      return Buffer.concat([bytes, Buffer.from(Array.from({ length: 5 }, () => random(256)))])
    case 2:
      return Buffer.from(Array.from({ length: random(60) }, () => random(256)))
    default:
      for (let changes = random(4); changes >= 0 && bytes.length > 0; changes--) {
        bytes[random(bytes.length)] = random(256)
      }
      return bytes
  }
}

describe(`of ${ROUNDS} mutated payloads`, { tags: ['long'] }, () => {
  it.each(serdes)(
    '%s reads each as a value or rejects it with a serde error',
    async (_, serde, values) => {
      const random = randomFrom(seed)
      const payloads = await Promise.all(
        (values as readonly never[]).map(async (value) => serde.serialize(value, 'key')),
      )
      const counts = { values: 0, errors: 0 }
      for (let round = 0; round < ROUNDS; round++) {
        const { data, flags } = payloads[random(payloads.length)] ?? expect.unreachable()
        const mutatedFlags = random(4) === 0 ? flags ^ (1 << random(32)) : flags
        const payload = mutate(Buffer.from(data), random)
        const error = await errorOf(() =>
          readItem(serde as Serde<never>, payload, mutatedFlags >>> 0),
        )
        if (error !== undefined) expect(error, `MC_SEED=${seed}`).toBeInstanceOf(MemcacheSerdeError)
        counts[error === undefined ? 'values' : 'errors']++
      }
      expect(counts.values).toBeGreaterThan(0)
      if (serde !== (rawSerde as Serde<never>)) expect(counts.errors).toBeGreaterThan(0)
    },
  )
})
