import type { Key, Lease } from '@mc/protocol'
import { isOwnCas } from '@mc/protocol/toolkit'
import { Flight, type FlightHost, type FlightPlan } from './flight.ts'
import { idOf } from './key-id.ts'
import { Overdue } from './overdue.ts'
import { Wait, type Waited, type WaitPlan } from './wait.ts'

/** A load without a lease, and when it began, on the count of `Loads.tick`. */
interface Uncached {
  readonly flight: Flight
  readonly tick: number
}

/** What this process loads and waits for: by the state of an item, so that only callers that saw that state join. */
export class Loads {
  readonly overdue: Overdue = new Overdue()
  readonly #host: FlightHost
  readonly #flights = new Map<string, Flight>()
  readonly #uncached = new Map<string, Uncached>()
  readonly #waits = new Map<string, Wait>()
  /** A number for each connection that leases came on. */
  readonly #origins = new WeakMap<object, number>()
  #lastOrigin = 0
  #tick = 0

  constructor(host: FlightHost) {
    this.#host = host
  }

  /** Loads whose values are not stored yet. */
  get inFlight(): number {
    return this.#flights.size + this.#uncached.size
  }

  /** A moment; later ones are larger. */
  tick(): number {
    return ++this.#tick
  }

  /**
   * One text for each state of an item: its key and CAS token, and as a restarted server counts these anew, the connection
   * that it was seen on.
   */
  stateOf({ key, cas = '', origin }: Lease): string {
    if (origin === undefined || isOwnCas(cas)) return `${cas} ${idOf(key)}`
    let number = this.#origins.get(origin)
    if (number === undefined) {
      number = ++this.#lastOrigin
      this.#origins.set(origin, number)
    }
    return `${cas} ${number} ${idOf(key)}`
  }

  /** The load of an item in this state, if there is one that goes on. */
  of(id: string): Flight | undefined {
    const flight = this.#flights.get(id)
    return flight?.isGivenUp ? undefined : flight
  }

  start(id: string, plan: FlightPlan): Flight {
    const flight = new Flight(plan, this.#host)
    this.#flights.set(id, flight)
    // A value at hand is not tried again at once.
    if (plan.replaces) {
      flight.join().catch(() => this.overdue.failed(id, plan.settings.retryDelay))
    }
    void flight.landed.then(() => {
      if (this.#flights.get(id) === flight) this.#flights.delete(id)
    })
    return flight
  }

  /**
   * A load without a lease that has begun after `tick`: what one that began before answers may be older than an
   * invalidation that the caller knows of. One at a time for each key.
   */
  async startUncached(
    key: Key,
    tick: number,
    plan: FlightPlan,
    signal: AbortSignal | undefined,
  ): Promise<Flight> {
    const id = idOf(key)
    for (;;) {
      const other = this.#uncached.get(id)
      if (other === undefined) break
      if (other.tick > tick) return other.flight
      await other.flight.landed
      signal?.throwIfAborted()
    }
    const uncached = { tick: this.tick(), flight: new Flight(plan, this.#host) }
    this.#uncached.set(id, uncached)
    void uncached.flight.landed.then(() => this.#uncached.delete(id))
    return uncached.flight
  }

  /** Waits until an item in this state has changed. */
  wait(id: string, plan: WaitPlan, signal: AbortSignal | undefined): Promise<Waited> {
    let wait = this.#waits.get(id)
    if (wait === undefined) {
      wait = new Wait(plan)
      this.#waits.set(id, wait)
      const forget = (): void => void this.#waits.delete(id)
      wait.ended.then(forget, forget)
    }
    return wait.join(signal)
  }

  /** Resolves when all loads have settled and their values are stored. */
  async settled(): Promise<void> {
    const flights = [
      ...this.#flights.values(),
      ...[...this.#uncached.values()].map((it) => it.flight),
    ]
    await Promise.all(flights.map(({ landed }) => landed))
  }
}
