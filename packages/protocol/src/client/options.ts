import {
  checkBoolean,
  checkMilliseconds,
  checkObject,
  isTimerLength,
  mustBe,
  shown,
  TIMER_RANGE,
} from '../check.ts'
import { MemcacheIllegalInputError } from '../errors.ts'
import { isAbortSignal } from '../foreign.ts'
import { KeyEncoder } from '../key.ts'
import type { FillOptions, InvalidateOptions, LeaseOptions } from '../lease-methods.ts'
import type {
  CasOptions,
  CommandOptions,
  CounterOptions,
  DeleteManyOptions,
  FlushOptions,
  GetOptions,
  RawCommandOptions,
  StoreOptions,
  WriteOptions,
} from '../memcache-client.ts'
import type {
  MetaArithmeticOptions,
  MetaDeleteOptions,
  MetaGetOptions,
  MetaSetOptions,
} from '../meta-methods.ts'
import type { Serde } from '../serde.ts'
import { checkOptionNames, optionNames, unknownOption } from './option-names.ts'

/** Options of every `CommandClient`: what calls mean, whatever carries them. */
export interface CommandClientOptions<V> {
  /**
   * Milliseconds for a whole call: queueing, connecting, an asynchronous serde, and all keys of many.
   *
   * @default 1000
   */
  readonly timeout?: number | undefined
  /** How values become bytes. @default nativeSerde */
  readonly serde?: Serde<V> | undefined
  /** Goes in front of every key. @default '' */
  readonly keyPrefix?: string | Uint8Array | undefined
  /** Take key strings that are not ASCII, as UTF-8. @default false */
  readonly allowUnicodeKeys?: boolean | undefined
  /**
   * Store a key that is too long or has illegal bytes under its SHA-256, as `sha256:` and 64 hexadecimal digits behind
   * the prefix, where it would be illegal input; a key of that form is hashed too. Clients in other languages and those
   * without the option do not find such keys. An empty key remains illegal.
   *
   * @default false
   */
  readonly hashKeys?: boolean | undefined
  /**
   * Send a key that has illegal bytes in base64, where it would be illegal input: up to 186 bytes with the prefix. The
   * server stores it under those bytes, where clients that send keys so find it as well. Such calls reject with
   * MemcacheUnsupportedError where there are no meta commands. Not together with `hashKeys`.
   *
   * @default false
   */
  readonly binaryKeys?: boolean | undefined
  /**
   * Take pairs `[routingKey, key]`, as `HashClient` does, and ignore the first part: for code that runs on many servers and
   * on one. Without it a pair is illegal input, as `get(['a', 'b'])` is most often meant to be `getMany`.
   *
   * @default false
   */
  readonly routingKeys?: boolean | undefined
  /** `noreply` for calls that do not say: set, add, replace, append, prepend, delete, touch, flushAll. @default false */
  readonly defaultNoreply?: boolean | undefined
  /**
   * Reads answer their default, or an empty map, on server and network errors. Writes still reject,
   * and so does illegal input.
   *
   * @default false
   */
  readonly ignoreExc?: boolean | undefined
  /**
   * Whether errors of the server and the network show in their `stack` where the call was made, in place of where
   * the reply was read. Takes a few microseconds for each call, so it is for looking for an error.
   *
   * @default false
   */
  readonly captureStack?: boolean | undefined
}

const COMMAND = { timeout: true, signal: true } as const
const WRITE = { ...COMMAND, noreply: true } as const
const STORE = { ...WRITE, expire: true, flags: true } as const

/** Kinds of calls, by the options that they take. */
export type CallKind =
  | ('command' | 'read' | 'write' | 'store' | 'cas' | 'counter' | 'deleteMany' | 'flush' | 'raw')
  | ('lease' | 'fill' | 'invalidate')
  | ('shutdown' | 'metaGet' | 'metaSet' | 'metaDelete' | 'metaArithmetic')

/** The names that each kind of call takes in its options. */
export const CALL_OPTIONS: Readonly<Record<CallKind, ReadonlySet<string>>> = {
  command: optionNames<CommandOptions>(COMMAND),
  read: optionNames<GetOptions>({ ...COMMAND, default: true }),
  write: optionNames<WriteOptions>(WRITE),
  store: optionNames<StoreOptions>(STORE),
  cas: optionNames<CasOptions>({ ...STORE, keepTtl: true }),
  counter: optionNames<CounterOptions>({ ...WRITE, initial: true, expire: true }),
  deleteMany: optionNames<DeleteManyOptions>({ ...WRITE, found: true }),
  flush: optionNames<FlushOptions>({ ...WRITE, delay: true }),
  raw: optionNames<RawCommandOptions>({ ...COMMAND, endToken: true }),
  shutdown: optionNames<CommandOptions & { graceful?: boolean }>({ ...COMMAND, graceful: true }),
  lease: optionNames<LeaseOptions>({ ...COMMAND, seconds: true, refreshWithin: true }),
  fill: optionNames<FillOptions>({ ...COMMAND, expire: true }),
  invalidate: optionNames<InvalidateOptions>({ ...COMMAND, staleFor: true }),
  metaGet: optionNames<MetaGetOptions>({
    ...COMMAND,
    ...{ value: true, cas: true, ttl: true, size: true, flags: true, idle: true },
    ...{ isFetched: true, touch: true, vivify: true, recache: true, unlessCas: true },
    ...{ setCas: true, peek: true },
  }),
  metaSet: optionNames<MetaSetOptions>({
    ...COMMAND,
    ...{ cas: true, size: true, mode: true, expire: true, keepTtl: true, flags: true },
    ...{ ifCas: true, invalidate: true, vivify: true, setCas: true },
  }),
  metaDelete: optionNames<MetaDeleteOptions>({
    ...COMMAND,
    ...{ ifCas: true, invalidate: true, expire: true, dropValue: true, setCas: true },
  }),
  metaArithmetic: optionNames<MetaArithmeticOptions>({
    ...COMMAND,
    ...{ cas: true, ttl: true, mode: true, delta: true, initial: true, expire: true },
    ...{ touch: true, ifCas: true, setCas: true },
  }),
}

/** The names that the constructor of every `CommandClient` takes; those of a class come beside them. */
export const COMMAND_CLIENT_OPTIONS: ReadonlySet<string> = optionNames<
  CommandClientOptions<unknown>
>({
  timeout: true,
  serde: true,
  keyPrefix: true,
  allowUnicodeKeys: true,
  hashKeys: true,
  binaryKeys: true,
  routingKeys: true,
  defaultNoreply: true,
  ignoreExc: true,
  captureStack: true,
})

/** The options with their defaults. */
export interface CommandClientSettings<V> {
  readonly keys: KeyEncoder
  readonly serde: Serde<V>
  readonly timeout: number
  readonly ignoreExc: boolean
  readonly defaultNoreply: boolean
  readonly captureStack: boolean
}

/**
 * @param names - of all options that the class takes; others are refused
 * @throws MemcacheIllegalInputError for a prefix, TypeError or RangeError for another invalid option
 */
export function commandClientSettings<V>(
  options: CommandClientOptions<V>,
  defaultSerde: Serde<V>,
  names?: ReadonlySet<string>,
): CommandClientSettings<V> {
  if (names === undefined) checkObject('options', options)
  else checkOptionNames(options, names)
  return {
    keys: new KeyEncoder({
      prefix: options.keyPrefix,
      allowUnicode: checkBoolean('allowUnicodeKeys', options.allowUnicodeKeys ?? false),
      hash: checkBoolean('hashKeys', options.hashKeys ?? false),
      binary: checkBoolean('binaryKeys', options.binaryKeys ?? false),
      pairs: checkBoolean('routingKeys', options.routingKeys ?? false),
    }),
    serde: checkSerde(options.serde ?? defaultSerde),
    timeout: checkMilliseconds('timeout', options.timeout ?? 1000),
    ignoreExc: checkBoolean('ignoreExc', options.ignoreExc ?? false),
    defaultNoreply: checkBoolean('defaultNoreply', options.defaultNoreply ?? false),
    captureStack: checkBoolean('captureStack', options.captureStack ?? false),
  }
}

function checkSerde<V>(serde: Serde<V>): Serde<V> {
  if (typeof serde?.serialize !== 'function' || typeof serde.deserialize !== 'function') {
    mustBe('serde', 'an object with the methods serialize and deserialize', serde)
  }
  return serde
}

/** What was probably meant by what is no options object. */
const OBJECT_HINTS: Readonly<Record<string, string>> = {
  number: ' such as { expire: 60 }',
  string: ' (several keys are an array)',
  function: ' (calls return promises and take no callback)',
}

/**
 * @param names - those that the call takes; misspelt ones would do nothing
 * @throws MemcacheIllegalInputError for invalid options of a call
 */
export function checkCallOptions(options: WriteOptions, names?: ReadonlySet<string>): void {
  if (typeof options !== 'object' || options === null) {
    illegal('options of a call', `an object${OBJECT_HINTS[typeof options] ?? ''}`, options)
  }
  const problem = names && unknownOption(options, names)
  if (problem !== undefined) throw new MemcacheIllegalInputError(problem)
  const { timeout, signal, noreply } = options
  if (timeout !== undefined && !isTimerLength(timeout)) illegal('timeout', TIMER_RANGE, timeout)
  if (signal !== undefined && !isAbortSignal(signal)) illegal('signal', 'an AbortSignal', signal)
  if (noreply !== undefined && typeof noreply !== 'boolean')
    illegal('noreply', 'a boolean', noreply)
}

function illegal(name: string, allowed: string, value: unknown): never {
  throw new MemcacheIllegalInputError(`${name} must be ${allowed}, got ${shown(value)}`)
}
