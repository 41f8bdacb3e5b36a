import type { Key, Leased } from '@mc/protocol'
import { clock, startTimer, toError } from '@mc/protocol/toolkit'
import type { Flight, FlightHost } from './flight.ts'
import { type Freshness, freshnessOf } from './freshness.ts'
import type { Gate } from './gate.ts'
import { ItemReader } from './item-reader.ts'
import type { Loads } from './loads.ts'
import type { FetchSettings, LoadContext } from './options.ts'
import { orAborted } from './or-aborted.ts'
import { validated } from './schema.ts'
import { takeOver } from './takeover.ts'
import type { FetchTrace, LoadReason } from './telemetry.ts'
import type { Waited } from './wait.ts'

/** What a `KeyFetch` works with. */
export interface FetchHost extends FlightHost {
  readonly loads: Loads
  /** Warns, once, that the server does not answer times to live. */
  readonly onUntimed: () => void
}

/** What a caller wants. */
export interface KeyRequest {
  readonly key: Key
  readonly load: (context: LoadContext<never>) => unknown
  readonly settings: FetchSettings
}

/** A value that can be answered; `undefined` if it is remembered that there is none. */
interface Found {
  readonly value: unknown
}

/** A value, or the item to go on with: `undefined` if the cache cannot say. */
type Step = Found | { readonly leased: Leased<unknown> | undefined }

/** An item whose value its serde cannot read, or its schema refuses. */
const UNFIT = Symbol('unfit')

/** One caller's way to the value of one key. */
export class KeyFetch {
  readonly #host: FetchHost
  readonly #request: KeyRequest
  readonly #trace: FetchTrace
  readonly #tick: number
  readonly #start = clock()
  readonly #item: ItemReader
  #hasDiscarded = false

  constructor(host: FetchHost, request: KeyRequest, trace: FetchTrace) {
    this.#host = host
    this.#request = request
    this.#trace = trace
    this.#tick = host.loads.tick()
    this.#item = new ItemReader(host.client, request.key, request.settings)
  }

  /**
   * The value.
   *
   * @param gate - holds it back until all keys of its call are read
   * @throws what the loader throws, the signal's reason, MemcacheIllegalInputError, MemcacheClosedError
   */
  async run(gate: Gate | undefined): Promise<unknown> {
    const { key, settings } = this.#request
    const isPlain = gate === undefined && settings.signal === undefined
    // As the reader does, without another promise: most calls come to a hit.
    const reading = isPlain ? this.#host.client.lease(key, settings.lease) : this.#read(gate)
    let leased: Leased<unknown> | undefined
    try {
      leased = await reading
    } catch (error) {
      if (!isPlain) throw error
      leased = await this.#item.unread(error, this.#start)
    }
    try {
      // A value that is fresh needs no further turn.
      const step = leased?.cas === undefined ? undefined : this.#step(leased)
      if (step !== undefined && 'value' in step) return step.value
      return await this.#goOn(step)
    } finally {
      if (this.#trace.outcome !== undefined) this.#host.telemetry.count(this.#trace.outcome)
    }
  }

  async #read(gate: Gate | undefined): Promise<Leased<unknown> | undefined> {
    const reading = this.#item.readUnlessAborted(this.#start)
    const leased = await (gate === undefined ? reading : gate.pass(reading))
    if (gate?.refusal === undefined) return leased
    this.#item.giveBack(leased)
    throw gate.refusal.reason
  }

  /** The value, from the first step on. */
  async #goOn(first: Promise<Step> | undefined): Promise<unknown> {
    for (let step = await first; step !== undefined; ) {
      if ('value' in step) return step.value
      step = step.leased && (await this.#step(step.leased))
    }
    return this.#loadUncached()
  }

  #loadUncached(): Promise<unknown> {
    this.#trace.outcome = 'uncached'
    const { signal } = this.#request.settings
    const plan = this.#plan('uncached', undefined, undefined)
    const flight = this.#host.loads.startUncached(this.#request.key, this.#tick, plan, signal)
    return this.#timed(orAborted(flight, signal).then((it) => it.join(signal)))
  }

  /** The value, or the item as it has become. */
  #step(leased: Leased<unknown>): Found | Promise<Step> {
    const { schema, lease } = this.#request.settings
    if (leased.ttl === undefined && lease.refreshWithin > 0) this.#host.onUntimed()
    return schema === undefined
      ? this.#use(leased, foundIn(leased))
      : this.#fitting(leased).then((found) => this.#use(leased, found))
  }

  #use(leased: Leased<unknown>, found: Found | typeof UNFIT | undefined): Found | Promise<Step> {
    if (found === UNFIT) return this.#discard(leased)
    if (found === undefined) return this.#obtain(leased, undefined, undefined)
    const freshness = freshnessOf(leased, this.#request.settings)
    if (freshness !== 'fresh' && freshness !== 'servable') {
      return this.#obtain(leased, found, freshness)
    }
    const isFreshNothing = freshness === 'fresh' && found.value === undefined
    if (isFreshNothing && leased.won) this.#refreshLater(leased)
    else if (!isFreshNothing && (leased.won || leased.alreadyWon)) this.#refresh(leased, found)
    if (freshness === 'servable') this.#trace.outcome = 'stale'
    else this.#trace.outcome ??= found.value === undefined ? 'negative' : 'hit'
    return found
  }

  async #fitting(leased: Leased<unknown>): Promise<Found | typeof UNFIT | undefined> {
    const { schema } = this.#request.settings
    if (leased.kind !== 'value' || schema === undefined) return foundIn(leased)
    return (await validated(schema, leased.value)) ?? UNFIT
  }

  /** Deletes an unfit item, so that one caller wins. What comes in its place and is unfit as well is overwritten. */
  async #discard(leased: Leased<unknown>): Promise<Step> {
    if (this.#hasDiscarded) return this.#obtain({ ...leased, won: true }, undefined, undefined)
    this.#hasDiscarded = true
    try {
      await this.#host.client.release(leased, this.#request.settings.command)
    } catch {
      return { leased: undefined }
    }
    return { leased: await this.#item.readUnlessAborted() }
  }

  /**
   * That there is nothing is remembered for so short a time that `refreshAhead` may be longer, and each read would win it:
   * it is refreshed when it is past its freshness.
   */
  #refreshLater(leased: Leased<unknown>): void {
    const { ttl = 0 } = leased
    const { loads } = this.#host
    const fresh = ttl - this.#request.settings.window
    loads.overdue.later(loads.stateOf(leased), fresh * 1000)
  }

  /** Loads in the background where that is this process's to do. */
  #refresh(leased: Leased<unknown>, found: Found): void {
    const { loads } = this.#host
    const { loadTimeout } = this.#request.settings
    const id = loads.stateOf(leased)
    if (leased.won) this.#reload('refresh', id, leased, found)
    else if (loads.overdue.isDue(id, loadTimeout)) {
      void this.#takeOver(leased, loadTimeout).then((isOurs) => {
        if (isOurs) this.#reload('overdue', id, leased, found)
      })
    }
  }

  #reload(reason: LoadReason, id: string, leased: Leased<unknown>, found: Found): void {
    const { loads, onError } = this.#host
    if (loads.of(id) !== undefined) return
    const flight = loads.start(id, this.#plan(reason, leased, found))
    flight.join().catch((error: unknown) => onError(toError(error)))
  }

  /** Loads, or waits for whoever does. */
  async #obtain(
    leased: Leased<unknown>,
    found: Found | undefined,
    freshness: Freshness | undefined,
  ): Promise<Step> {
    const { loads } = this.#host
    const { loadTimeout } = this.#request.settings
    const id = loads.stateOf(leased)
    const spare = freshness === 'ifError' ? found : undefined
    if (spare !== undefined && loads.overdue.hasFailed(id)) return this.#answerSpare(spare)
    const isHere =
      loads.of(id) !== undefined ||
      leased.won ||
      (found !== undefined &&
        loads.overdue.isDue(id, loadTimeout) &&
        (await this.#takeOver(leased, loadTimeout)))
    if (isHere) return this.#loaded(id, leased, found, spare)
    this.#trace.outcome = 'wait'
    const enough = spare && new AbortController()
    const waiting = this.#wait(id, leased, enough?.signal)
    const end = await this.#orSpare(waiting, spare)
    if (end === undefined) {
      enough?.abort()
      // In the same turn it may have won what its last poll found gone.
      waiting.then((it) => this.#item.giveBack(it.leased)).catch(() => {})
      return this.#answerSpare(spare as Found)
    }
    const { leased: last, isOverdue } = end.value
    if (!isOverdue || last === undefined) return { leased: last }
    return this.#loaded(loads.stateOf(last), last, found, spare)
  }

  async #loaded(
    id: string,
    leased: Leased<unknown>,
    found: Found | undefined,
    spare: Found | undefined,
  ): Promise<Found> {
    const { signal } = this.#request.settings
    const flight = this.#loadOrJoin(id, leased, found)
    try {
      const loaded = await this.#orSpare(flight.join(signal), spare)
      return loaded ?? this.#answerSpare(spare as Found)
    } catch (error) {
      if (spare === undefined || signal?.aborted) throw error
      return this.#answerSpare(spare)
    }
  }

  #loadOrJoin(id: string, leased: Leased<unknown>, found: Found | undefined): Flight {
    const { loads } = this.#host
    const flight = loads.of(id)
    if (flight !== undefined) {
      this.#trace.outcome = 'join'
      return flight
    }
    this.#trace.outcome = 'load'
    const isMiss = found === undefined && leased.won
    const reason = isMiss ? 'miss' : leased.won ? 'refresh' : 'overdue'
    return loads.start(id, this.#plan(reason, leased, found))
  }

  #plan(reason: LoadReason, lease: Leased<unknown> | undefined, found: Found | undefined) {
    const { key, load, settings } = this.#request
    const stale = found?.value as never
    return {
      ...{ reason, lease, settings },
      replaces: found !== undefined,
      // Without times to live nobody would see that it is past its freshness.
      window: lease?.ttl === undefined ? 0 : settings.window,
      load: (signal: AbortSignal) => load({ key, signal, stale }),
    }
  }

  #wait(id: string, leased: Leased<unknown>, enough: AbortSignal | undefined): Promise<Waited> {
    const { waitTimeout, signal } = this.#request.settings
    return this.#host.loads.wait(
      id,
      {
        leased,
        timeout: waitTimeout,
        read: () => this.#item.read(),
        takeOver: () => this.#takeOver(leased, waitTimeout),
        onUnwanted: (won) => this.#item.giveBack(won),
      },
      signal && enough ? AbortSignal.any([signal, enough]) : (signal ?? enough),
    )
  }

  #takeOver(leased: Leased<unknown>, timeout: number): Promise<boolean> {
    return takeOver(this.#host.client, leased, timeout, this.#request.settings.command)
  }

  /** What the promise comes to; `undefined` when there is a spare value and the caller has waited for long enough. */
  async #orSpare<T>(
    promise: Promise<T>,
    spare: Found | undefined,
  ): Promise<{ readonly value: T } | undefined> {
    const { softTimeout } = this.#request.settings
    const outcome = promise.then((value) => ({ value }))
    if (spare === undefined || softTimeout === undefined) return this.#timed(outcome)
    let cancel: () => void = () => {}
    const soft = new Promise<undefined>((resolve) => {
      const left = softTimeout - (clock() - this.#start)
      cancel = startTimer(Math.max(1, left), () => resolve(undefined))
    })
    return this.#timed(Promise.race([outcome, soft])).finally(cancel)
  }

  async #timed<T>(promise: Promise<T>): Promise<T> {
    const start = clock()
    try {
      return await promise
    } finally {
      this.#trace.waited += clock() - start
    }
  }

  #answerSpare(spare: Found): Found {
    this.#trace.outcome = 'stale'
    return spare
  }
}

function foundIn({ kind, value }: Leased<unknown>): Found | typeof UNFIT | undefined {
  if (kind === 'placeholder') return undefined
  return kind === 'unreadable' ? UNFIT : { value }
}
