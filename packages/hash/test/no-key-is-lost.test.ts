import {
  type Entries,
  type ItemKey,
  itemKey,
  type Key,
  MemcacheConnectError,
  MemcachePartialError,
  MemcacheSerdeError,
  MemcacheServerError,
  MemcacheTimeoutError,
} from '@mc/protocol'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { runs, seed } from '../../../test-support/amounts.ts'
import { HashClient } from '../src/index.ts'
import { FakeServer } from './fake-server.ts'

/** What became of a key: a value was found or stored, it is missing or was not stored, or it failed. */
type Fate = 'yes' | 'no' | 'failed'

/** Answers each batch by the next of its moods, and notes the fate of every key that it was asked for. */
class MoodyServer extends FakeServer {
  readonly #moods: () => number
  readonly #fates: Map<ItemKey, Fate[]>

  constructor(moods: () => number, fates: Map<ItemKey, Fate[]>) {
    super()
    this.#moods = moods
    this.#fates = fates
  }

  override async getMany<T>(keys: Iterable<Key>): Promise<Map<never, T>> {
    const found = this.#settle([...keys].map(itemKey))
    // Values name their key: those of another key are seen at once.
    const valuesOf = (yes: readonly ItemKey[]) =>
      new Map(yes.map((key) => [key as never, `of ${key}` as T]))
    return found.answer(valuesOf(found.yes))
  }

  override async setMany(entries: Entries<unknown>): Promise<ItemKey[]> {
    const keys = [...(entries as Iterable<readonly [Key, unknown]>)].map(([key]) => itemKey(key))
    const stored = this.#settle(keys)
    return stored.answer(stored.no)
  }

  override async deleteMany(keys: Iterable<Key>): Promise<never> {
    return this.#settle([...keys].map(itemKey)).answer(true as never)
  }

  #settle(keys: readonly ItemKey[]): {
    yes: ItemKey[]
    no: ItemKey[]
    answer: <R>(results: R) => Promise<R>
  } {
    const mood = this.#moods()
    const failed = new Map<ItemKey, Error>()
    const [yes, no]: [ItemKey[], ItemKey[]] = [[], []]
    const failure = failureOf(mood)
    for (const [i, key] of keys.entries()) {
      const fails = failure !== undefined && (mood % 2 === 0 || i >= keys.length / 2)
      if (fails) failed.set(key, failure)
      else if (i % 3 === 2) no.push(key)
      else yes.push(key)
      const known = this.#fates.get(key) ?? []
      this.#fates.set(key, [...known, fails ? 'failed' : i % 3 === 2 ? 'no' : 'yes'])
    }
    return {
      yes,
      no,
      answer: async (results) => {
        if (failure === undefined) return results
        throw mood % 2 === 0 ? failure : new MemcachePartialError(results, failed)
      },
    }
  }
}

function failureOf(mood: number): Error | undefined {
  if (mood < 4) return undefined
  if (mood < 6) return new MemcacheConnectError('refused', { written: true, command: 'theirs' })
  if (mood < 8) return new MemcacheTimeoutError('too slow', { written: true, command: 'theirs' })
  return mood < 10 ? new MemcacheServerError('out of memory') : new MemcacheSerdeError('garbled')
}

const calls = fc.array(
  fc.record({
    verb: fc.constantFrom('getMany', 'setMany', 'deleteMany'),
    keys: fc.integer({ min: 1, max: 40 }),
    /** Milliseconds until the next call. */
    pause: fc.constantFrom(0, 1000, 70_000),
    isAlone: fc.boolean(),
    isTwice: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
)

const settings = fc.record({
  servers: fc.integer({ min: 1, max: 4 }),
  keysPerBatch: fc.integer({ min: 1, max: 6 }),
  retryAttempts: fc.constantFrom(0, 2),
  failover: fc.constantFrom('rehash' as const, 'none' as const),
  ignoreExc: fc.boolean(),
})

it('every key of a many-key call is found, missing, stored or failed, by errors of this call alone', {
  tags: ['long'],
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      settings,
      calls,
      fc.infiniteStream(fc.nat({ max: 11 })),
      async (with_, script, moods) => {
        const fates = new Map<ItemKey, Fate[]>()
        const owners = new Map<unknown, number>()
        const { servers, ...options } = with_
        let time = 0
        const client = new HashClient(
          Array.from({ length: servers }, (_, i) => `server-${i}:1`),
          {
            ...options,
            now: () => time,
            random: () => 0,
            createClient: () => new MoodyServer(() => moods.next().value ?? 0, fates),
          },
        )
        const run = async (
          call: number,
          verb: string,
          count: number,
          isTwice: boolean,
        ): Promise<void> => {
          const keys = Array.from({ length: count }, (_, i) => `${call}:${i}`)
          const [found, error] = await answerOf(client, verb, isTwice ? [...keys, ...keys] : keys)
          const failed =
            error instanceof MemcachePartialError ? error.failed : new Map<ItemKey, Error>()
          for (const owned of [error, ...failed.values()]) {
            if (owned === undefined) continue
            expect(owners.get(owned) ?? call, 'an error of another call').toBe(call)
            owners.set(owned, call)
          }
          const results = (error instanceof MemcachePartialError ? error.results : found) as
            | Map<ItemKey, unknown>
            | ItemKey[]
            | undefined
          for (const key of keys) {
            const fate = theFate(verb, fates.get(key) ?? [], isTwice ? 2 : 1)
            const isAnswered = fate === 'yes' || fate === 'no'
            const isNamed =
              results instanceof Map
                ? results.has(key)
                : Array.isArray(results) && results.includes(key)
            if (error !== undefined && !(error instanceof MemcachePartialError)) {
              expect(isAnswered && !isTwice, `${key} was answered`).toBe(false)
              continue
            }
            expect(failed.has(key), `${key} failed`).toBe(!isAnswered && error !== undefined)
            if (verb === 'getMany') {
              expect(isNamed, `${key} is found`).toBe(fate === 'yes')
              if (isNamed) expect((results as Map<ItemKey, unknown>).get(key)).toBe(`of ${key}`)
            }
            if (verb === 'setMany') {
              // Without an error to tell it, a key that failed is one that was not stored.
              expect(isNamed, `${key} was not stored`).toBe(
                fate === 'no' || (!isAnswered && error === undefined),
              )
            }
            if (!options.ignoreExc && error === undefined) expect(isAnswered).toBe(true)
          }
          const size =
            results instanceof Map ? results.size : Array.isArray(results) ? results.length : 0
          expect(size).toBeLessThanOrEqual(keys.length)
        }
        let under: Promise<void>[] = []
        for (const [i, { verb, keys, pause, isAlone, isTwice }] of script.entries()) {
          under.push(run(i, verb, keys, isTwice))
          if (isAlone) {
            await Promise.all(under)
            under = []
          }
          time += pause
        }
        await Promise.all(under)
      },
    ),
    { numRuns: runs(30, 400), seed },
  )
})

/** Of a key that is given twice and meets two fates; a write is as uncertain as its worse half. */
function theFate(verb: string, fates: readonly Fate[], times: number): Fate {
  if (verb === 'getMany' && fates.includes('yes')) return 'yes'
  if (fates.length < times || fates.includes('failed')) return 'failed'
  return fates.includes('no') ? 'no' : 'yes'
}

async function answerOf(
  client: HashClient,
  verb: string,
  keys: readonly string[],
): Promise<[answer: unknown, error: unknown]> {
  try {
    if (verb === 'getMany') return [await client.getMany(keys), undefined]
    if (verb === 'deleteMany') return [await client.deleteMany(keys), undefined]
    return [await client.setMany(keys.map((key) => [key, key] as const)), undefined]
  } catch (error) {
    return [undefined, error]
  }
}
