import type { Subject } from './clients.ts'
import type { FloorCommand } from './floor.ts'
import { jsonValue, NAMES } from './items.ts'

/** Something to measure: how many calls are in flight, and what a call is. */
export interface Workload {
  readonly name: string
  readonly inFlight: number
  /** How many servers the client is given. */
  readonly servers: number
  readonly tls: boolean
  /** Which clients take part; others cannot, or are measured elsewhere. */
  readonly clients: readonly string[]
  /** The floors to compare with: see `floor.ts`. */
  readonly floors: readonly FloorCommand[]
  /** Bytes of a value. */
  readonly size: number
  /** Fills the cache; answers what is to be repeated. */
  prepare(subject: Subject): Promise<Repeated>
}

/** One call of a client, which is measured as it is: another async function around it would weigh on the fast clients most. */
export interface Repeated {
  readonly call: (turn: number) => Promise<unknown>
  /** @throws on a wrong answer */
  readonly check: (answer: unknown, turn: number) => void
}

const unchecked = (): void => {}

const MEMCACHED_PEERS = ['memcache', 'memcache-client', 'memjs', 'memcached']
const ONE_SERVER = ['mc', 'mc (text)', ...MEMCACHED_PEERS]
const STORES = ['ioredis (redis-server)', 'redis (redis-server)']
const KEYS = NAMES.length

const nameOf = (index: number): string => NAMES[index] as string

async function fill(subject: Subject, size: number): Promise<string[]> {
  const values = NAMES.map((_, i) => `${i}:`.padEnd(size, 'v'))
  for (const [i, value] of values.entries()) await subject.set(nameOf(i), value)
  return values
}

function workload(
  what: string,
  size: number,
  inFlight: number,
  rest: Pick<Workload, 'prepare'> & Partial<Workload>,
): Workload {
  const name = `${what}, ${inFlight} in flight`
  return { name, inFlight, size, servers: 1, tls: false, clients: ONE_SERVER, floors: [], ...rest }
}

/** Gets of 100 values in turn, each compared with what was stored. */
export function get(
  size: number,
  inFlight: number,
  more: Partial<Workload> & { readonly what?: string } = {},
): Workload {
  const { what = `get ${sizeName(size)}`, ...rest } = more
  return workload(what, size, inFlight, {
    floors: ['mg', 'get', 'least'],
    async prepare(subject) {
      const values = await fill(subject, size)
      return {
        call: (turn) => subject.get(nameOf(turn % KEYS)),
        check(answer, turn) {
          if (answer !== values[turn % KEYS]) wrong(turn % KEYS)
        },
      }
    },
    ...rest,
  })
}

function set(size: number, inFlight: number, more: Partial<Workload> = {}): Workload {
  return workload(`set ${sizeName(size)}`, size, inFlight, {
    floors: ['ms', 'least'],
    async prepare(subject) {
      const values = await fill(subject, size)
      return {
        call: (turn) => subject.set(nameOf(turn % KEYS), values[turn % KEYS]),
        check: unchecked,
      }
    },
    ...more,
  })
}

const mixed = workload('90 gets to 10 sets of 1 KB', 1024, 64, {
  clients: [...ONE_SERVER, ...STORES],
  async prepare(subject) {
    const values = await fill(subject, 1024)
    const indexOf = (turn: number): number => (turn * 7) % KEYS
    return {
      call(turn) {
        const index = indexOf(turn)
        return turn % 10 === 0
          ? subject.set(nameOf(index), values[index])
          : subject.get(nameOf(index))
      },
      check(answer, turn) {
        if (turn % 10 !== 0 && answer !== values[indexOf(turn)]) wrong(indexOf(turn))
      },
    }
  },
})

/** Keys as applications have them: joined from parts for each call. */
const joinedKeys = workload('get 100 B by keys of 40 B', 100, 64, {
  floors: ['least'],
  async prepare(subject) {
    const keyOf = (index: number): string => `user:profile:settings:notifications:${1000 + index}`
    const values = NAMES.map((_, i) => `${i}:`.padEnd(100, 'v'))
    for (const [i, value] of values.entries()) await subject.set(keyOf(i), value)
    return {
      call: (turn) => subject.get(keyOf(turn % KEYS)),
      check(answer, turn) {
        if (answer !== values[turn % KEYS]) wrong(turn % KEYS)
      },
    }
  },
})

const json = workload('get an object of 1 KB as JSON', 1024, 64, {
  clients: ['mc', 'mc (text)', 'memcache-client', 'memcached'],
  floors: ['JSON.parse', 'least'],
  async prepare(subject) {
    for (const [i, name] of NAMES.entries()) await subject.set(name, jsonValue(i))
    return {
      call: (turn) => subject.get(nameOf(turn % KEYS)),
      check(answer, turn) {
        const { id, tags } = answer as ReturnType<typeof jsonValue>
        if (id !== turn % KEYS || tags.length !== 30) wrong(turn % KEYS)
      },
    }
  },
})

const getMany = workload('getMany of 100 x 100 B', 100, 4, {
  clients: ['mc', 'memcache', 'memcache-client', 'memcached', ...STORES],
  floors: ['get-many', 'least'],
  async prepare(subject) {
    await fill(subject, 100)
    return {
      call: () => subject.getMany?.(NAMES) as Promise<number>,
      check(found) {
        if (found !== KEYS) throw new Error('a key is missing')
      },
    }
  },
})

const setMany = workload('setMany of 100 x 100 B', 100, 4, {
  clients: ['mc', 'mc (text)', ...STORES],
  floors: ['set-many'],
  async prepare(subject) {
    const values = await fill(subject, 100)
    const entries = Object.fromEntries(values.map((value, i) => [nameOf(i), value]))
    return { call: () => subject.setMany?.(entries) as Promise<unknown>, check: unchecked }
  },
})

const deleteMany = workload('deleteMany of 100 that are not there', 100, 4, {
  clients: ['mc', 'mc (text)'],
  floors: ['delete-many'],
  async prepare(subject) {
    return { call: () => subject.deleteMany?.(NAMES) as Promise<unknown>, check: unchecked }
  },
})

const pooled = (inFlight: number): Workload =>
  get(100, inFlight, {
    what: 'get 100 B through a pool of 8',
    floors: ['mg by eight'],
    clients: ['mc pool', 'memcached (poolSize 8)'],
  })

export const WORKLOADS: readonly Workload[] = [
  get(100, 1, { clients: [...ONE_SERVER, ...STORES, 'pymemcache'] }),
  set(100, 1, { clients: [...ONE_SERVER, ...STORES, 'pymemcache'] }),
  get(100, 64, { clients: [...ONE_SERVER, ...STORES] }),
  set(100, 64, { clients: [...ONE_SERVER, ...STORES] }),
  get(100, 1000),
  set(100, 1000),
  get(4096, 64),
  get(100_000, 8),
  set(100_000, 8),
  get(1_000_000, 2),
  set(1_000_000, 2),
  getMany,
  setMany,
  deleteMany,
  joinedKeys,
  mixed,
  json,
  get(100, 64, {
    what: 'get 100 B from three servers',
    servers: 3,
    floors: ['mg to any'],
    clients: ['mc hash', 'memcache', 'memjs', 'memcached'],
  }),
  pooled(8),
  pooled(64),
  get(100, 64, {
    what: 'get 100 B over TLS',
    tls: true,
    floors: [],
    clients: ['mc', 'mc (text)', 'memcache', 'memcache-client'],
  }),
]

function sizeName(size: number): string {
  if (size >= 1_000_000) return `${size / 1_000_000} MB`
  return size >= 100_000 ? `${size / 1000} KB` : size >= 1024 ? `${size / 1024} KB` : `${size} B`
}

function wrong(index: number): never {
  throw new Error(`a wrong value for ${nameOf(index)}`)
}
