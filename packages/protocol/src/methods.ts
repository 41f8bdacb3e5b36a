import type {
  CommandOptions,
  GetOptions,
  MemcacheClient,
  ServerCommands,
} from './memcache-client.ts'

import type { MetaDeleteOptions, MetaGetOptions, MetaSetOptions } from './meta-methods.ts'

/** A method that sends something. */
export type ClientMethod = Exclude<
  keyof MemcacheClient | keyof ServerCommands,
  symbol | 'quit' | 'close' | 'maxKeyLength'
>

/** What a method is, for all that treats methods alike: wrappers, retries, mocks. */
export interface MethodTraits {
  /** Name of the method. */
  readonly name: ClientMethod
  /** What it takes first, by which its servers are found: a lease has a key. */
  readonly takes: 'key' | 'lease' | 'keys' | 'entries' | 'nothing'
  /** The place of its options among its arguments; `undefined` for one that takes none. */
  readonly optionsAt: 0 | 1 | 2 | 3 | undefined
  /** It changes nothing but expiry, and `ignoreExc` covers it in every client. */
  readonly isRead: boolean
  /** Called twice it leaves what one call leaves. */
  readonly isIdempotent: boolean | ((options: object | undefined) => boolean)
  /** Whether it takes `noreply`, and whether the client's `defaultNoreply` is meant for it. */
  readonly noreply: 'never' | 'asked' | 'default'
  /** What it answers to the errors that `ignoreExc` covers; `undefined` if it rejects with them in any case. */
  readonly ignored: ((options: CommandOptions | undefined) => unknown) | undefined
}

const toDefault = (options: GetOptions<unknown> | undefined): unknown => options?.default
const toMap = (): unknown => new Map()
const toFalse = (): unknown => false
const toUndefined = (): unknown => undefined

type Row = Omit<MethodTraits, 'name'>

const READ: Row = {
  takes: 'key',
  optionsAt: 1,
  isRead: true,
  isIdempotent: true,
  noreply: 'never',
  ignored: toDefault,
}
const WRITE: Row = { ...READ, isRead: false, noreply: 'default', ignored: toFalse }
const STORE: Row = { ...WRITE, optionsAt: 2 }
const COUNTER: Row = {
  ...STORE,
  isIdempotent: false,
  noreply: 'asked',
  ignored: toUndefined,
}
const ADMIN: Row = {
  ...READ,
  takes: 'nothing',
  optionsAt: 0,
  isRead: false,
  ignored: toUndefined,
}

const META: Row = { ...WRITE, noreply: 'never' }
/** A repeated `lease` sees that its own first attempt has won; a repeated `fill` that it has stored. */
const LEASE: Row = { ...META, isIdempotent: false, ignored: undefined }
const toSet = (): unknown => new Set()

/** A repeated `metaGet` sees that its own first attempt has won. */
const winsNothing = (options: MetaGetOptions = {}): boolean =>
  options.vivify === undefined && options.recache === undefined
const storesInAnyCase = ({ mode = 'set', ifCas }: MetaSetOptions = {}): boolean =>
  ifCas === undefined && (mode === 'set' || mode === 'replace')
const deletesInAnyCase = ({ ifCas, invalidate, dropValue }: MetaDeleteOptions = {}): boolean =>
  ifCas === undefined && invalidate !== true && dropValue !== true

/** One for each method: whoever adds one adds its row, as the compiler asks. */
const ROWS: Readonly<Record<ClientMethod, Row>> = {
  get: READ,
  gets: READ,
  gat: { ...READ, optionsAt: 2 },
  gats: { ...READ, optionsAt: 2 },
  getMany: { ...READ, takes: 'keys', ignored: toMap },
  getsMany: { ...READ, takes: 'keys', ignored: toMap },
  set: STORE,
  setMany: { ...WRITE, takes: 'entries' },
  add: { ...STORE, isIdempotent: false },
  replace: STORE,
  append: { ...STORE, isIdempotent: false },
  prepend: { ...STORE, isIdempotent: false },
  cas: { ...STORE, optionsAt: 3, isIdempotent: false, noreply: 'asked' },
  incr: COUNTER,
  decr: COUNTER,
  touch: STORE,
  delete: WRITE,
  deleteMany: { ...WRITE, takes: 'keys' },
  flushAll: { ...WRITE, takes: 'nothing', optionsAt: 0 },
  metaGet: { ...READ, isIdempotent: winsNothing, ignored: toUndefined },
  metaSet: { ...META, optionsAt: 2, isIdempotent: storesInAnyCase },
  metaDelete: { ...META, isIdempotent: deletesInAnyCase },
  metaArithmetic: { ...META, isIdempotent: false, ignored: toUndefined },
  has: { ...READ, ignored: toFalse },
  hasMany: { ...READ, takes: 'keys', ignored: toSet },
  inspect: { ...READ, ignored: toUndefined },
  lease: LEASE,
  fill: { ...LEASE, takes: 'lease', optionsAt: 2 },
  release: { ...LEASE, takes: 'lease', isIdempotent: true },
  invalidate: { ...LEASE, isIdempotent: true },
  stats: { ...ADMIN, optionsAt: undefined, isRead: true, ignored: () => Object.create(null) },
  version: ADMIN,
  verbosity: { ...ADMIN, optionsAt: 1, noreply: 'asked' },
  cacheMemlimit: { ...ADMIN, optionsAt: 1, noreply: 'asked' },
  shutdown: { ...ADMIN, isIdempotent: false },
  rawCommand: { ...ADMIN, optionsAt: 1, isIdempotent: false },
}

/** The names of all methods. */
export const CLIENT_METHODS: readonly ClientMethod[] = Object.keys(ROWS) as ClientMethod[]

/** Every method of the family's clients. */
export const METHODS: Readonly<Record<ClientMethod, MethodTraits>> = Object.fromEntries(
  CLIENT_METHODS.map((name) => [name, { name, ...ROWS[name] }]),
) as Record<ClientMethod, MethodTraits>
