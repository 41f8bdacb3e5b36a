import {
  type MemcacheClient,
  MemcacheError,
  MemcachePartialError,
  type ServerCommands,
} from '@mc/protocol'
import fc from 'fast-check'

/** A call with its arguments. Of `cas`, the token is one that the sequence has read before. */
export interface Call {
  readonly method: string
  readonly args: readonly unknown[]
  /** In place of a token: of the last `gets` of the key, or of the one before. */
  readonly token?: 'last' | 'stale' | 'made up'
}

type AnyClient = MemcacheClient & ServerCommands & Record<string, (...args: unknown[]) => unknown>

const key = fc.constantFrom('a', 'b', 'c', 'd')
const anyKey = fc.oneof(
  { weight: 20, arbitrary: key },
  { weight: 1, arbitrary: fc.constantFrom('', 'a b', 'k'.repeat(250), 'k'.repeat(251), 'é', 5) },
)

/**
 * Values with which memcached counts by what an earlier item left in its memory: behind white space it
 * reads on, and before 1.6.22 it refuses a number of 2^63 or more if a minus sign lies behind it.
 */
const LEFT_TO_CHANCE = /^[\t-\r ]+$|-/

const value = fc
  .oneof(
    { weight: 4, arbitrary: fc.string({ maxLength: 20 }) },
    {
      weight: 3,
      arbitrary: fc.constantFrom('0', '7', '10', '99', '18446744073709551615', '5 ', 'x1'),
    },
    { weight: 2, arbitrary: fc.nat() },
    fc.bigInt({ min: 0n, max: 2n ** 64n }),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom<unknown>(null, true, 1.5, '', { deep: [1, 'two'] }, [], 'y'.repeat(5000)),
    fc.constantFrom<unknown>(undefined, () => 1, Symbol('s')),
  )
  .filter((any) => !LEFT_TO_CHANCE.test(String(any)))

const expire = fc.constantFrom<unknown>(undefined, 0, 100, -1, 2_592_001, new Date(1000), 1.5, 'x')
const storeOptions = fc.record(
  { expire, flags: fc.constantFrom(0, 16, 2, 1, 4_294_967_295, -1), noreply: fc.constant(true) },
  { requiredKeys: [] },
)
const delta = fc.constantFrom<unknown>(
  undefined,
  1,
  3,
  0,
  2 ** 53,
  5n,
  2n ** 63n,
  2n ** 64n - 1n,
  -1,
  1.5,
)
const getOptions = fc.constantFrom<unknown>(undefined, undefined, { default: 'none' })

const call = (method: string, ...args: fc.Arbitrary<unknown>[]): fc.Arbitrary<Call> =>
  fc.tuple(...args).map((given) => ({ method, args: given }))

const anyCall: fc.Arbitrary<Call> = fc.oneof(
  { weight: 5, arbitrary: call('get', anyKey, getOptions) },
  { weight: 3, arbitrary: call('gets', anyKey, getOptions) },
  { weight: 2, arbitrary: call('gat', anyKey, expire, getOptions) },
  { weight: 1, arbitrary: call('gats', anyKey, expire) },
  { weight: 2, arbitrary: call('getMany', fc.array(key, { maxLength: 6 })) },
  { weight: 1, arbitrary: call('getsMany', fc.array(key, { maxLength: 6 })) },
  { weight: 6, arbitrary: call('set', anyKey, value, storeOptions) },
  {
    weight: 2,
    arbitrary: call('setMany', fc.array(fc.tuple(key, value), { maxLength: 4 }), storeOptions),
  },
  { weight: 2, arbitrary: call('add', anyKey, value, storeOptions) },
  { weight: 2, arbitrary: call('replace', anyKey, value, storeOptions) },
  { weight: 2, arbitrary: call('append', anyKey, value, storeOptions) },
  { weight: 2, arbitrary: call('prepend', anyKey, value, storeOptions) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(call('cas', key, value), fc.constantFrom('last', 'stale', 'made up'), storeOptions)
      .map(([cas, token, options]) => ({ ...cas, args: [...cas.args, '', options], token })),
  },
  { weight: 3, arbitrary: call('incr', anyKey, delta) },
  { weight: 3, arbitrary: call('decr', anyKey, delta) },
  { weight: 2, arbitrary: call('touch', anyKey, expire) },
  { weight: 2, arbitrary: call('delete', anyKey) },
  { weight: 1, arbitrary: call('deleteMany', fc.array(key, { maxLength: 4 })) },
  {
    weight: 1,
    arbitrary: call('rawCommand', fc.constantFrom('verbosity 0', 'nonsense', 'incr a x')),
  },
)

/** Calls to be made one after the other on a server that has none of their keys. */
export const callSequence: fc.Arbitrary<Call[]> = fc.array(anyCall, {
  minLength: 1,
  maxLength: 15,
  size: 'max',
})

/** What the calls answer, without CAS tokens, servers, and the prefix that is put before their keys. */
export async function answersOf(
  client: MemcacheClient,
  calls: readonly Call[],
  prefix: string,
): Promise<unknown[]> {
  const tokens = new Map<unknown, string[]>()
  const answers: unknown[] = []
  const own = (name: unknown): unknown => {
    if (typeof name !== 'string' || !/^[a-dk]/.test(name)) return name
    // A name at the limit of lengths stays there.
    return `${prefix}${name.length < 250 ? name : name.slice(prefix.length)}`
  }
  for (const { method, args, token } of calls) {
    const [first, ...rest] = args
    const given = [ownKeys(first, own), ...rest]
    if (token !== undefined) given[2] = tokenOf(tokens.get(first) ?? [], token)
    try {
      const answer = await (client as AnyClient)[method]?.(...given)
      if (method === 'gets' || method === 'gats') {
        const cas = (answer as { cas?: string } | undefined)?.cas
        if (cas !== undefined) tokens.set(first, [...(tokens.get(first) ?? []), cas])
      }
      answers.push(plain(answer, prefix))
    } catch (error) {
      answers.push(plain(told(error), prefix))
    }
  }
  return answers
}

function ownKeys(first: unknown, own: (name: unknown) => unknown): unknown {
  if (!Array.isArray(first)) return own(first)
  return first.map((entry) => (Array.isArray(entry) ? [own(entry[0]), entry[1]] : own(entry)))
}

function tokenOf(seen: readonly string[], which: Call['token']): string {
  // Where there is none, one that no item has yet.
  if (which === 'last') return seen.at(-1) ?? '18446744073709551612'
  return which === 'stale' ? (seen.at(-2) ?? '18446744073709551613') : '18446744073709551614'
}

function told(error: unknown): unknown {
  if (error instanceof MemcachePartialError) {
    const failures = [...error.failed].map(([name, failure]) => [name, told(failure)])
    return [error.code, error.results, failures]
  }
  return error instanceof MemcacheError ? `${error.code}: ${error.reason}` : error
}

function plain(answer: unknown, prefix: string): unknown {
  if (answer instanceof Map) return plain([...answer], prefix)
  if (Array.isArray(answer)) return answer.map((part) => plain(part, prefix))
  if (typeof answer === 'string') return answer.replace(prefix, '')
  if (typeof answer === 'object' && answer !== null && 'cas' in answer && 'value' in answer) {
    return { value: answer.value, cas: 'a token' }
  }
  return answer
}
