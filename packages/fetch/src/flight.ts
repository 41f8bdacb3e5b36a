import {
  type Lease,
  type MemcacheClient,
  MemcacheIllegalInputError,
  MemcacheLoadTimeoutError,
  MemcacheSerdeError,
} from '@mc/protocol'
import { onAbort, startTimer, toError } from '@mc/protocol/toolkit'
import type { FetchSettings } from './options.ts'
import { orAborted } from './or-aborted.ts'
import { validated } from './schema.ts'
import type { LoadReason, LoadTrace, Stored, Telemetry } from './telemetry.ts'

/** Milliseconds that callers wait for a loaded value to be stored, so that whoever reads next finds it. */
const STORE_WAIT = 20

/** What a `Flight` is about. */
export interface FlightPlan {
  readonly reason: LoadReason
  /** What the value is stored under; `undefined` if the cache could not be read. */
  readonly lease: Lease | undefined
  /** Whether there is a value that the load is to replace. */
  readonly replaces: boolean
  readonly load: (signal: AbortSignal) => unknown
  readonly settings: FetchSettings
  /** Seconds for which the item outlives its freshness. */
  readonly window: number
}

/** What a flight needs of the client that it flies for. */
export interface FlightHost {
  readonly client: MemcacheClient
  readonly telemetry: Telemetry
  /** Takes what goes wrong that no caller waits for. */
  readonly onError: (error: Error) => void
}

/** A value as it was loaded, as callers get it, and the seconds for which it is fresh: negative if it is not to be stored. */
interface Loaded {
  readonly value: unknown
  readonly answer: unknown
  readonly expire: number
}

/** One load in this process, from the loader's call until its value is stored, with all that wait for it. */
export class Flight {
  /** Resolves when the value is stored or given up. */
  readonly landed: Promise<void>
  readonly #plan: FlightPlan
  readonly #host: FlightHost
  readonly #controller = new AbortController()
  #answer: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #isLoading = true

  constructor(plan: FlightPlan, host: FlightHost) {
    this.#plan = plan
    this.#host = host
    this.landed = new Promise((land) => {
      this.#answer = new Promise((resolve, reject) => {
        host.telemetry
          .load(plan.reason, (trace) => this.#run(trace, resolve, reject))
          .then(land, () => land())
      })
    })
    // Each of those that wait has a promise of its own.
    this.#answer.catch(() => {})
  }

  /** Whether it was stopped before its loader answered. */
  get isGivenUp(): boolean {
    return this.#controller.signal.aborted
  }

  /** What is loaded. @throws what the loader throws, MemcacheLoadTimeoutError, the signal's reason */
  async join(signal?: AbortSignal): Promise<unknown> {
    this.#waiting++
    if (signal === undefined) return this.#answer
    try {
      return await orAborted(this.#answer, signal)
    } finally {
      this.#waiting--
      // A value at hand is still to be replaced.
      const isNeeded = this.#waiting > 0 || this.#plan.replaces || !this.#isLoading
      if (signal.aborted && !isNeeded) this.#controller.abort(signal.reason)
    }
  }

  async #run(
    trace: LoadTrace,
    resolve: (answer: unknown) => void,
    reject: (error: unknown) => void,
  ): Promise<void> {
    const { lease, replaces } = this.#plan
    let stored: Promise<Stored | undefined>
    let settle: () => void
    let failure: { readonly error: unknown } | undefined
    try {
      const loaded = await this.#load()
      stored = this.#store(loaded)
      settle = () => resolve(loaded.answer)
    } catch (error) {
      failure = { error }
      // Without a value at hand the next caller is to win at once.
      stored = this.#release(replaces ? undefined : lease)
      settle = () => reject(error)
    }
    this.#isLoading = false
    const cancel = startTimer(STORE_WAIT, settle)
    trace.stored = await stored
    cancel()
    settle()
    if (failure !== undefined) throw failure.error
  }

  async #load(): Promise<Loaded> {
    const { load, settings } = this.#plan
    const { signal } = this.#controller
    const value = await new Promise((resolve, reject) => {
      const cancel = startTimer(settings.loadTimeout, () => {
        const message = `the loader did not answer within ${settings.loadTimeout} ms`
        this.#controller.abort(new MemcacheLoadTimeoutError(message))
      })
      const forget = onAbort(signal, () => settle(() => reject(signal.reason)))
      const settle = (how: () => void): void => {
        cancel()
        forget()
        how()
      }
      const loading = (async () => load(signal))()
      loading.then(
        (loaded) => settle(() => resolve(loaded)),
        (error: unknown) => settle(() => reject(error)),
      )
    })
    if (value === undefined) {
      const { negativeExpire } = settings
      return { value, answer: value, expire: negativeExpire === 0 ? -1 : negativeExpire }
    }
    return { value, answer: await this.#checked(value), expire: expireOf(value, settings) }
  }

  async #checked(value: unknown): Promise<unknown> {
    const { schema } = this.#plan.settings
    if (schema === undefined) return value
    const checked = await validated(schema, value)
    if (checked !== undefined) return checked.value
    throw new MemcacheSerdeError('the schema refuses the value that the loader answered')
  }

  async #store({ value, expire }: Loaded): Promise<Stored> {
    const { lease, settings, window } = this.#plan
    if (lease === undefined) return 'unwanted'
    if (expire < 0) {
      await this.#release(lease)
      return 'unwanted'
    }
    try {
      const isStored = await this.#host.client.fill(lease, value, {
        ...settings.command,
        expire: expire === 0 ? 0 : expire + window,
      })
      if (isStored === undefined) return 'gone'
      return isStored || 'changed'
    } catch (error) {
      this.#host.onError(toError(error))
      await this.#release(lease)
      return 'failed'
    }
  }

  /** Deletes what the lease saw; a failure leaves it to the lease's end. */
  async #release(lease: Lease | undefined): Promise<undefined> {
    if (lease === undefined) return
    await this.#host.client.release(lease, this.#plan.settings.command).catch(() => {})
  }
}

/** Seconds for which a value is fresh, shortened at random; negative if it is not to be stored. */
function expireOf(value: unknown, { expire, jitter, refreshAhead }: FetchSettings): number {
  const seconds = typeof expire === 'number' ? expire : expire(value as never)
  if (!Number.isInteger(seconds)) {
    throw new MemcacheIllegalInputError(
      `expire must return a whole number of seconds, got ${String(seconds).slice(0, 40)}`,
    )
  }
  if (seconds <= 0) return seconds
  // Not into the seconds in which every read would refresh it.
  const least = Math.min(seconds, refreshAhead + 1)
  return Math.max(least, Math.round(seconds * (1 - jitter * Math.random())))
}
