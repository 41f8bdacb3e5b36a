import { performance } from 'node:perf_hooks'
import {
  checkBoolean,
  checkNumber,
  checkOptionNames,
  isAbortSignal,
  MAX_TIMER,
  type MemcacheClient,
  MemcacheClosedError,
  MemcacheConnectError,
  MemcacheError,
  MemcacheIllegalInputError,
  MemcacheOverloadError,
  mustBe,
  onAbort,
  optionNames,
  startTimer,
} from '@mc/protocol'

/** A class of errors, such as `MemcacheTimeoutError`; matches its subclasses too. */
export type ErrorClass = abstract new (...args: never[]) => Error

/** When a `RetryingClient` repeats a call. */
export interface RetryingClientOptions {
  /** Most times that a call is made, the first included. @default 2 */
  readonly attempts?: number | undefined
  /** Milliseconds between the first attempt and the second. @default 0 */
  readonly retryDelay?: number | undefined
  /** Each further delay is this many times the one before it, 1 to 1000. @default 1 */
  readonly backoffFactor?: number | undefined
  /** Part of each delay, 0 to 1, by which it is shortened at random. @default 0 */
  readonly jitter?: number | undefined
  /**
   * Milliseconds since the call was made after which no attempt begins; one under way is left to its
   * own timeout. @default Infinity
   */
  readonly maxTotalTime?: number | undefined
  /** Repeat after these errors only. @default [], after any */
  readonly retryFor?: readonly ErrorClass[] | undefined
  /** Do not repeat after these errors, even if `retryFor` has them. @default [] */
  readonly doNotRetryFor?: readonly ErrorClass[] | undefined
  /**
   * Repeat commands that are not idempotent even if the failed attempt may have taken effect: a counter
   * may then count twice, an `add` or `cas` may fail because of its own first attempt.
   *
   * @default false
   */
  readonly retryUnsafe?: boolean | undefined
  /** When it aborts, nothing is repeated any more, and calls between attempts reject with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** The type of a `RetryingClient` is that of the client that it wraps. */
export type RetryingClient<C extends MemcacheClient = MemcacheClient> = C

/** Makes clients that repeat failed calls. */
export interface RetryingClientConstructor {
  /** @throws TypeError or RangeError for an invalid option */
  new <C extends MemcacheClient>(client: C, options?: RetryingClientOptions): C
}

/**
 * Wraps a client so that failed commands are repeated. It has everything that the client has; what is
 * no command, such as `on`, `close` or an attribute, is the client's own.
 *
 * Commands that are not idempotent (`add`, `append`, `prepend`, `cas`, `incr`, `decr`, `rawCommand`,
 * `shutdown`) are repeated only if nothing of the failed attempt had been written; when something had,
 * the error has `written: true`: whether the command took effect is unknown. Never repeated are calls
 * with illegal input, on a closed client, or aborted by their signal. A call's own `timeout` is for each
 * of its attempts, its own `signal` ends the waits between them as well.
 *
 * A client with `ignoreExc` hides failures of reads, so that they are not repeated.
 */
export const RetryingClient: RetryingClientConstructor =
  retrying as unknown as RetryingClientConstructor

const IDEMPOTENT: ReadonlySet<PropertyKey> = new Set([
  ...['get', 'gets', 'getMany', 'getsMany', 'gat', 'gats', 'set', 'setMany', 'replace', 'touch'],
  ...[
    'delete',
    'deleteMany',
    'flushAll',
    'stats',
    'version',
    'verbosity',
    'cacheMemlimit',
    'connect',
  ],
])

const UNSAFE: ReadonlySet<PropertyKey> = new Set([
  ...['add', 'append', 'prepend', 'cas', 'incr', 'decr', 'rawCommand', 'shutdown'],
])

/** They take an iterable, which may be good for one pass only. */
const OF_MANY: ReadonlySet<PropertyKey> = new Set([
  ...['getMany', 'getsMany', 'setMany', 'deleteMany'],
])

const RETRYING_CLIENT_OPTIONS = optionNames<RetryingClientOptions>({
  attempts: true,
  retryDelay: true,
  backoffFactor: true,
  jitter: true,
  maxTotalTime: true,
  retryFor: true,
  doNotRetryFor: true,
  retryUnsafe: true,
  signal: true,
})

type Method = (...args: unknown[]) => unknown

function retrying<C extends MemcacheClient>(client: C, options: RetryingClientOptions = {}): C {
  if (typeof client !== 'object' || client === null) {
    mustBe('client', 'a memcached client', client)
  }
  checkOptionNames(options, RETRYING_CLIENT_OPTIONS)
  const policy = new RetryPolicy(options)
  const wrapped = new Map<PropertyKey, { readonly method: Method; readonly wrapper: Method }>()

  return new Proxy(client, {
    // Getters, setters and methods run on the client itself: a proxy has no private fields.
    get(target, name, proxy) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function' || name === 'constructor') return value
      const method = value as Method
      const isCommand = IDEMPOTENT.has(name) || UNSAFE.has(name)
      if (!isCommand && Object.hasOwn(target, name)) return method
      const known = wrapped.get(name)
      if (known?.method === method) return known.wrapper
      const wrapper: Method = isCommand
        ? (...args) => policy.run(name, args, (reusable) => method.apply(target, reusable))
        : (...args) => {
            const result = method.apply(target, args)
            return result === target ? proxy : result
          }
      wrapped.set(name, { method, wrapper })
      return wrapper
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  })
}

class RetryPolicy {
  readonly #attempts: number
  readonly #retryDelay: number
  readonly #backoffFactor: number
  readonly #jitter: number
  readonly #maxTotalTime: number
  readonly #retryFor: readonly ErrorClass[]
  readonly #doNotRetryFor: readonly ErrorClass[]
  readonly #retryUnsafe: boolean
  readonly #signal: AbortSignal | undefined

  constructor(options: RetryingClientOptions) {
    this.#attempts = options.attempts ?? 2
    const { retryDelay = 0, backoffFactor = 1, jitter = 0 } = options
    const { maxTotalTime = Number.POSITIVE_INFINITY } = options
    const unit = 'milliseconds'
    checkNumber('attempts', this.#attempts, { integer: true, min: 1 })
    this.#retryDelay = checkNumber('retryDelay', retryDelay, { min: 0, max: MAX_TIMER, unit })
    this.#backoffFactor = checkNumber('backoffFactor', backoffFactor, { min: 1, max: 1000 })
    this.#jitter = checkNumber('jitter', jitter, { min: 0, max: 1 })
    this.#maxTotalTime = checkNumber('maxTotalTime', maxTotalTime, { min: 0, unit })
    this.#retryFor = checkClasses('retryFor', options.retryFor ?? [])
    this.#doNotRetryFor = checkClasses('doNotRetryFor', options.doNotRetryFor ?? [])
    const both = this.#retryFor.find((it) => this.#doNotRetryFor.includes(it))
    if (both) throw new TypeError(`${both.name} is in both retryFor and doNotRetryFor`)
    this.#retryUnsafe = checkBoolean('retryUnsafe', options.retryUnsafe ?? false)
    this.#signal = options.signal
  }

  async run(
    command: PropertyKey,
    args: unknown[],
    attempt: (args: unknown[]) => unknown,
  ): Promise<unknown> {
    const reusable = OF_MANY.has(command) ? [reusableIterable(args[0]), ...args.slice(1)] : args
    const signals = [this.#signal, signalOf(args)].filter((signal) => signal !== undefined)
    const start = performance.now()
    for (let failures = 0; ; ) {
      try {
        return await attempt(reusable)
      } catch (error) {
        failures++
        const isOver = failures >= this.#attempts || signals.some((signal) => signal.aborted)
        if (isOver || !this.#mayRepeat(command, error)) throw error
        const delay = this.#delay(failures)
        if (performance.now() - start + delay >= this.#maxTotalTime) throw error
        if (delay > 0) await pause(delay, signals)
      }
    }
  }

  #mayRepeat(command: PropertyKey, error: unknown): boolean {
    const isOneOf = (classes: readonly ErrorClass[]) => classes.some((it) => error instanceof it)
    if (error instanceof MemcacheIllegalInputError || error instanceof MemcacheClosedError)
      return false
    if (isOneOf(this.#doNotRetryFor)) return false
    if (this.#retryFor.length > 0 && !isOneOf(this.#retryFor)) return false
    return this.#retryUnsafe || IDEMPOTENT.has(command) || nothingWasWritten(error)
  }

  /** Milliseconds to wait after the `failures`-th failure. */
  #delay(failures: number): number {
    const delay = this.#retryDelay * this.#backoffFactor ** (failures - 1)
    return Math.min(delay * (1 - this.#jitter * Math.random()), MAX_TIMER)
  }
}

function nothingWasWritten(error: unknown): boolean {
  if (!(error instanceof MemcacheError)) return false
  return (
    error.written === false ||
    (error.written === undefined &&
      (error instanceof MemcacheConnectError || error instanceof MemcacheOverloadError))
  )
}

function signalOf(args: readonly unknown[]): AbortSignal | undefined {
  const options = args.at(-1)
  if (typeof options !== 'object' || options === null || !('signal' in options)) return undefined
  return isAbortSignal(options.signal) ? options.signal : undefined
}

function reusableIterable(items: unknown): unknown {
  const isIterable = typeof items === 'object' && items !== null && Symbol.iterator in items
  return isIterable ? [...(items as Iterable<unknown>)] : items
}

function pause(milliseconds: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      for (const undo of undos) undo()
      const aborted = signals.find((signal) => signal.aborted)
      if (aborted) reject(aborted.reason)
      else resolve()
    }
    const undos = [
      startTimer(milliseconds, settle),
      ...signals.map((signal) => onAbort(signal, settle)),
    ]
  })
}

function checkClasses(name: string, classes: readonly ErrorClass[]): readonly ErrorClass[] {
  if (!Array.isArray(classes)) mustBe(name, 'an array of error classes', classes)
  for (const it of classes) {
    // Every error has a `message` on its prototype's chain, also one of another realm.
    const isErrorClass = typeof it === 'function' && 'message' in Object(it.prototype)
    if (!isErrorClass) mustBe(`each of ${name}`, 'an error class', it)
  }
  return [...classes]
}
