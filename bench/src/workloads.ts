import type { Subject } from './clients.ts'

/** Something to measure: how many calls are in flight, and what a call is. */
export interface Workload {
  readonly name: string
  readonly inFlight: number
  /** How many servers the client is given. */
  readonly servers: number
  /** Which clients take part; others cannot, or are measured elsewhere. */
  readonly clients: readonly string[]
  /** The floor to compare with: see `floor.ts`. */
  readonly floor?: Floor
  /** Fills the cache; answers the call to be repeated, which throws on a wrong answer. */
  prepare(subject: Subject): Promise<(turn: number) => Promise<void>>
}

/** Pre-encoded requests whose replies are counted, not parsed. */
export interface Floor {
  readonly command: 'mg' | 'get' | 'ms' | 'get-many'
  readonly size: number
}

const PEERS = ['memcache', 'memcache-client', 'memjs', 'memcached']
const ONE_SERVER = ['mc', 'mc (text)', ...PEERS]
const KEYS = 100

function textOf(size: number, index: number): string {
  return `${index}:`.padEnd(size, 'v')
}

async function fill(subject: Subject, size: number): Promise<string[]> {
  const values = Array.from({ length: KEYS }, (_, i) => textOf(size, i))
  for (const [i, value] of values.entries()) await subject.set(`key:${i}`, value)
  return values
}

function get(size: number, inFlight: number, more: Partial<Workload> = {}): Workload {
  return {
    name: `get ${sizeName(size)}, ${inFlight} in flight`,
    inFlight,
    servers: 1,
    clients: ONE_SERVER,
    floor: { command: 'mg', size },
    async prepare(subject) {
      const values = await fill(subject, size)
      return async (turn) => {
        const index = turn % KEYS
        const value = await subject.get(`key:${index}`)
        if (value !== values[index]) throw new Error(`a wrong value for key:${index}`)
      }
    },
    ...more,
  }
}

function set(size: number, inFlight: number): Workload {
  return {
    name: `set ${sizeName(size)}, ${inFlight} in flight`,
    inFlight,
    servers: 1,
    clients: ONE_SERVER,
    floor: { command: 'ms', size },
    async prepare(subject) {
      const values = await fill(subject, size)
      return async (turn) => {
        const index = turn % KEYS
        await subject.set(`key:${index}`, values[index] as string)
      }
    },
  }
}

const getMany: Workload = {
  name: 'getMany of 100 x 100 B, 4 in flight',
  inFlight: 4,
  servers: 1,
  clients: ['mc', 'memcache', 'memcache-client', 'memcached'],
  floor: { command: 'get-many', size: 100 },
  async prepare(subject) {
    await fill(subject, 100)
    const keys = Array.from({ length: KEYS }, (_, i) => `key:${i}`)
    return async () => {
      if ((await subject.getMany?.(keys)) !== KEYS) throw new Error('a key is missing')
    }
  },
}

const setMany: Workload = {
  name: 'setMany of 100 x 100 B, 4 in flight',
  inFlight: 4,
  servers: 1,
  clients: ['mc', 'mc (text)'],
  async prepare(subject) {
    const values = await fill(subject, 100)
    const entries = Object.fromEntries(values.map((value, i) => [`key:${i}`, value]))
    return async () => {
      await subject.setMany?.(entries)
    }
  },
}

export const WORKLOADS: readonly Workload[] = [
  ...[1, 64, 1000].flatMap((inFlight) => [get(100, inFlight), set(100, inFlight)]),
  get(4096, 64),
  get(100_000, 8),
  set(100_000, 8),
  getMany,
  setMany,
  get(100, 64, {
    name: 'get 100 B from three servers, 64 in flight',
    servers: 3,
    clients: ['mc hash', 'memcache', 'memjs', 'memcached'],
  }),
  get(100, 64, {
    name: 'get 100 B through a pool of 8, 64 in flight',
    clients: ['mc pool', 'memcached (poolSize 8)'],
  }),
]

function sizeName(size: number): string {
  return size >= 100_000 ? `${size / 1000} KB` : size >= 1024 ? `${size / 1024} KB` : `${size} B`
}
