import { clearTimeout, setTimeout } from 'node:timers'
import {
  MemcacheClosedError,
  MemcacheConnectError,
  MemcacheError,
  MemcacheIllegalInputError,
  MemcacheOverloadError,
  MemcacheUnsupportedError,
  type MethodTraits,
} from '@mc/protocol'
import {
  checkBoolean,
  checkNumber,
  clock,
  isAbortSignal,
  MAX_TIMER,
  mustBe,
  onAbort,
} from '@mc/protocol/toolkit'

/** A class of errors, such as `MemcacheTimeoutError`; matches its subclasses too. */
export type ErrorClass = abstract new (...args: never[]) => Error

/** When `retrying` repeats a call. */
export interface RetryingOptions {
  /** Most times that a call is made, the first included. @default 2 */
  readonly attempts?: number | undefined
  /** Milliseconds between the first attempt and the second. @default 0 */
  readonly retryDelay?: number | undefined
  /** Each further delay is this many times the one before it, 1 to 1000. @default 1 */
  readonly backoffFactor?: number | undefined
  /** Part of each delay, 0 to 1, by which it is shortened at random. @default 0 */
  readonly jitter?: number | undefined
  /**
   * Milliseconds since the call was made after which no attempt begins; one in progress is left to its
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

/** What a call is, as far as that decides whether it is made again. */
export type Repeatable = Pick<MethodTraits, 'takes' | 'optionsAt' | 'isIdempotent'>

/** Whether, when and how often calls are made again. */
export class RetryPolicy {
  readonly #attempts: number
  readonly #retryDelay: number
  readonly #backoffFactor: number
  readonly #jitter: number
  readonly #maxTotalTime: number
  readonly #retryFor: readonly ErrorClass[]
  readonly #doNotRetryFor: readonly ErrorClass[]
  readonly #retryUnsafe: boolean
  readonly #signal: AbortSignal | undefined

  constructor(options: RetryingOptions) {
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
    { takes, optionsAt, isIdempotent }: Repeatable,
    args: unknown[],
    attempt: (args: unknown[]) => unknown,
  ): Promise<unknown> {
    // An iterable may be good for one pass only.
    const isOfMany = takes === 'keys' || takes === 'entries'
    const reusable = isOfMany ? [reusableIterable(args[0]), ...args.slice(1)] : args
    const signals = [this.#signal, signalOf(args)].filter((signal) => signal !== undefined)
    const isSafe =
      typeof isIdempotent === 'boolean'
        ? isIdempotent
        : isIdempotent(args[optionsAt ?? args.length] as object | undefined)
    const start = clock()
    for (let failures = 0; ; ) {
      try {
        return await attempt(reusable)
      } catch (error) {
        failures++
        const isOver = failures >= this.#attempts || signals.some((signal) => signal.aborted)
        if (isOver || !this.#mayRepeat(isSafe, error)) throw error
        const delay = this.#delay(failures)
        if (clock() - start + delay >= this.#maxTotalTime) throw error
        if (delay > 0) await pause(delay, signals)
      }
    }
  }

  #mayRepeat(isIdempotent: boolean, error: unknown): boolean {
    const isOneOf = (classes: readonly ErrorClass[]) => classes.some((it) => error instanceof it)
    if (
      error instanceof MemcacheIllegalInputError ||
      error instanceof MemcacheUnsupportedError ||
      error instanceof MemcacheClosedError
    ) {
      return false
    }
    if (isOneOf(this.#doNotRetryFor)) return false
    if (this.#retryFor.length > 0 && !isOneOf(this.#retryFor)) return false
    return this.#retryUnsafe || isIdempotent || nothingWasWritten(error)
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
    const timer = setTimeout(settle, milliseconds)
    const undos = [() => clearTimeout(timer), ...signals.map((signal) => onAbort(signal, settle))]
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
