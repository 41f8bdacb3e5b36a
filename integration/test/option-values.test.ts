import { ElastiCacheHashClient, type ElastiCacheHashClientOptions } from '@mc/aws-ec'
import { Client, type ClientOptions, type RetryingOptions, retrying } from '@mc/client'
import { FallbackClient, type FallbackClientOptions } from '@mc/fallback'
import {
  HashClient,
  type HashClientOptions,
  KetamaHash,
  RendezvousHash,
  type RendezvousHashOptions,
} from '@mc/hash'
import {
  type AcquireOptions,
  ObjectPool,
  type ObjectPoolOptions,
  PooledClient,
  type PooledClientOptions,
} from '@mc/pool'
import { type CompressedSerdeOptions, compressedSerde, nativeSerde } from '@mc/serde'
import { MockMemcacheClient, type MockMemcacheClientOptions } from '@mc/testing'
import { describe, expect, test } from 'vitest'

/** What an option may be. */
type Kind =
  | { readonly min: number; readonly max?: number; readonly integer?: boolean }
  | 'enum'
  | 'boolean'
  | 'function'
  /** Checked by tests of its own. */
  | 'other'

/** The compiler asks for a row when an option is added. */
type Kinds<O> = Readonly<Record<O extends unknown ? keyof O : never, Kind>>

const MAX_TIMER = 2 ** 31 - 1
const timer: Kind = { min: 1, max: MAX_TIMER }
const share: Kind = { min: 0, max: 1 }
const duration: Kind = { min: 0 }
const wait: Kind = { min: 1 }
const count: Kind = { min: 0, integer: true }
const positive: Kind = { min: 1, integer: true }
const threshold: Kind = { min: 0 }

const SHARED: Kinds<Omit<ClientOptions, 'serverName' | 'routingKeys'>> = {
  timeout: timer,
  serde: 'other',
  keyPrefix: 'other',
  allowUnicodeKeys: 'boolean',
  hashKeys: 'boolean',
  binaryKeys: 'boolean',
  defaultNoreply: 'boolean',
  ignoreExc: 'boolean',
  captureStack: 'boolean',
  connectTimeout: timer,
  noDelay: 'boolean',
  keepAlive: timer,
  tls: 'other',
  username: 'other',
  password: 'other',
  auth: 'enum',
  reconnectDelay: 'other',
  dialect: 'enum',
  maxInFlight: { min: 1, max: 2 ** 24, integer: true },
  maxInFlightBytes: positive,
  maxLineLength: positive,
  maxValueLength: positive,
}

const CLIENT: Kinds<ClientOptions> = { ...SHARED, serverName: 'other', routingKeys: 'boolean' }

const HASH: Kinds<HashClientOptions> = {
  ...SHARED,
  createClient: 'function',
  hasher: 'other',
  failover: 'enum',
  keyHashForm: 'enum',
  keysPerBatch: positive,
  now: 'function',
  random: 'function',
  retryAttempts: count,
  retryTimeout: { min: 0, max: Number.MAX_SAFE_INTEGER },
  deadTimeout: { min: 0, max: Number.MAX_SAFE_INTEGER },
  maxDeadServers: count,
  maxDeadShare: share,
}

const ELASTICACHE: Kinds<ElastiCacheHashClientOptions> = {
  ...HASH,
  nodeName: 'enum',
  connectTo: 'enum',
  pollInterval: timer,
  minPollInterval: timer,
  discoveryTimeout: timer,
  allowNode: 'function',
}

const POOLED: Kinds<PooledClientOptions<unknown, Client>> = {
  ...CLIENT,
  createClient: 'function',
  maxPoolSize: positive,
  minPoolSize: { min: 0, max: 8, integer: true },
  poolIdleTimeout: duration,
  maxConnectionAge: wait,
  maxConnectionAgeJitter: share,
  acquireTimeout: wait,
  maxWaiting: count,
  drainTimeout: wait,
}

const POOL: Kinds<ObjectPoolOptions<unknown>> = {
  create: 'function',
  validate: 'function',
  destroy: 'function',
  destroyOn: 'function',
  name: 'other',
  maxSize: positive,
  minSize: { min: 0, max: 8, integer: true },
  idleTimeout: duration,
  maxAge: wait,
  maxAgeJitter: share,
  acquireTimeout: wait,
  maxWaiting: count,
  hookTimeout: wait,
  drainTimeout: wait,
}

const RETRYING: Kinds<RetryingOptions> = {
  attempts: positive,
  retryDelay: { min: 0, max: MAX_TIMER },
  backoffFactor: { min: 1, max: 1000 },
  jitter: share,
  maxTotalTime: duration,
  retryFor: 'other',
  doNotRetryFor: 'other',
  retryUnsafe: 'boolean',
  signal: 'other',
}

const FALLBACK: Kinds<FallbackClientOptions> = {
  warm: 'other',
  deleteFromAll: 'boolean',
  olderFailures: 'enum',
  timeout: timer,
}

const COMPRESSED: Kinds<CompressedSerdeOptions> = {
  algorithm: 'enum',
  minLength: threshold,
  level: { min: 1, max: 9, integer: true },
  maxDecompressedLength: positive,
  maxTotalDecompressedLength: { min: 64 * 1024 ** 2, integer: true },
  asyncLength: threshold,
}

const RENDEZVOUS: Kinds<RendezvousHashOptions> = {
  nodes: 'other',
  seed: { min: 0, max: 2 ** 32 - 1, integer: true },
  hashFunction: 'function',
  weights: 'other',
}

const MOCK: Kinds<MockMemcacheClientOptions> = {
  timeout: timer,
  serde: 'other',
  keyPrefix: 'other',
  allowUnicodeKeys: 'boolean',
  hashKeys: 'boolean',
  binaryKeys: 'boolean',
  routingKeys: 'boolean',
  defaultNoreply: 'boolean',
  ignoreExc: 'boolean',
  captureStack: 'boolean',
  memoryLimit: positive,
  itemSizeMax: positive,
  now: 'function',
  version: 'other',
  dialect: 'enum',
  latency: duration,
  sleep: 'function',
}

const source = { name: 'source', discover: async () => ({ version: 1, nodes: [] }) }

interface Subject {
  readonly name: string
  readonly kinds: Readonly<Record<string, Kind>>
  readonly create: (options: never) => unknown
  /** Of the option's name in errors. */
  readonly prefix?: string
}

const SUBJECTS: readonly Subject[] = [
  { name: 'Client', kinds: CLIENT, create: (it) => new Client('localhost', it) },
  {
    name: 'Client',
    kinds: { initial: timer, max: timer },
    create: (it) => new Client('localhost', { reconnectDelay: it }),
    prefix: 'reconnectDelay.',
  },
  { name: 'HashClient', kinds: HASH, create: (it) => new HashClient([], it) },
  {
    name: 'ElastiCacheHashClient',
    kinds: ELASTICACHE,
    create: (it) => new ElastiCacheHashClient(source, it),
  },
  { name: 'PooledClient', kinds: POOLED, create: (it) => new PooledClient('localhost', it) },
  {
    name: 'ObjectPool',
    kinds: POOL,
    create: (it) => new ObjectPool({ create: () => 1, ...(it as object) }),
  },
  {
    name: 'retrying',
    kinds: RETRYING,
    create: (it) => retrying(new MockMemcacheClient(), it),
  },
  {
    name: 'FallbackClient',
    kinds: FALLBACK,
    create: (it) => new FallbackClient([new MockMemcacheClient()], it),
  },
  {
    name: 'FallbackClient',
    kinds: { expire: count },
    create: (it) => new FallbackClient([new MockMemcacheClient()], { warm: it }),
    prefix: 'warm.',
  },
  {
    name: 'compressedSerde',
    kinds: COMPRESSED,
    create: (it) => compressedSerde(nativeSerde, it),
  },
  { name: 'RendezvousHash', kinds: RENDEZVOUS, create: (it) => new RendezvousHash(it) },
  {
    name: 'KetamaHash',
    kinds: { a: { min: 1, max: 2 ** 32 - 1, integer: true } },
    create: (it) => new KetamaHash({ weights: it }),
    prefix: 'weight of ',
  },
  { name: 'MockMemcacheClient', kinds: MOCK, create: (it) => new MockMemcacheClient(it) },
]

/** Values that an option of a kind must not have, and how each is shown. */
function invalidValues(kind: Kind): (readonly [unknown, string])[] {
  switch (kind) {
    case 'other':
      return []
    case 'enum':
      return [
        ['sometimes', 'sometimes'],
        [5, '5'],
        [{}, 'object'],
      ]
    case 'boolean':
      return [
        ['true', 'string'],
        [1, 'number'],
        [{}, 'object'],
      ]
    case 'function':
      return [
        ['now', 'string'],
        [1, 'number'],
        [{}, 'object'],
      ]
    default: {
      const { min, max, integer = false } = kind
      const numbers = [Number.NaN, min - 1, Number.NEGATIVE_INFINITY]
      if (max !== undefined) numbers.push(max + (max > 2 ** 52 ? 2 ** 10 : 1))
      if (max !== undefined || integer) numbers.push(Number.POSITIVE_INFINITY)
      if (integer) numbers.push(min + 0.5)
      const others: [unknown, string][] = [
        ['1', 'string'],
        [1n, 'bigint'],
        [{}, 'object'],
        [() => 1, 'function'],
        [true, 'boolean'],
      ]
      return [...numbers.map((it) => [it, String(it)] as const), ...others]
    }
  }
}

describe.each(SUBJECTS)('$name', ({ kinds, create, prefix = '' }) => {
  const rows = Object.entries(kinds).map(([name, kind]) => ({ name, kind }))

  test.each(rows.filter(({ kind }) => kind !== 'other'))(
    '$name refuses what it cannot be, and says what it can',
    ({ name, kind }) => {
      for (const [value, shown] of invalidValues(kind)) {
        const type = typeof kind === 'object' && typeof value === 'number' ? RangeError : TypeError
        const refused = (): unknown => create({ [name]: value } as never)
        expect(refused, `${name}: ${String(value)}`).toThrow(type)
        expect(refused).toThrow(new RegExp(`^${prefix}${name} must be .+, got ${shown}$`))
      }
    },
  )

  test.each(rows.filter(({ kind }) => typeof kind === 'object'))(
    '$name takes its limits',
    ({ name, kind }) => {
      const { min, max = min } = kind as { min: number; max?: number }
      for (const limit of [min, max]) create({ [name]: limit } as never)
    },
  )
})

const ofWholeOptions = SUBJECTS.filter(
  ({ name, prefix }) => prefix === undefined && !['ObjectPool', 'RendezvousHash'].includes(name),
)

test.each(ofWholeOptions)('$name refuses options that are no object', ({ create }) => {
  for (const options of [null, 5, 'localhost']) {
    const shown = options === null ? 'null' : typeof options
    expect(() => create(options as never)).toThrow(
      new TypeError(`options must be an object, got ${shown}`),
    )
  }
})

test.each([Number.NaN, -1, '100', 5n])('ObjectPool.get refuses the timeout %s', async (timeout) => {
  const pool = new ObjectPool({ create: () => 1 })
  const options = { timeout } as AcquireOptions
  await expect(pool.get(options)).rejects.toThrow(/^timeout must be a number.*, got \S+$/)
  await pool.close()
})
