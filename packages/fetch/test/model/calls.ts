import { getEventListeners } from 'node:events'
import type { Invalidations } from './invalidations.ts'
import type { Items } from './items.ts'
import type { Journal, Moment } from './journal.ts'
import { type Demand, LoadError, type Loads } from './loads.ts'
import { nameOf } from './network.ts'
import { readAnswer } from './source.ts'
import { settle } from './virtual-time.ts'

/** The name of the error of a load that took too long. */
const LOAD_TIMEOUT = 'MemcacheLoadTimeoutError'

interface Call {
  readonly what: string
  readonly process: number
  readonly keys: readonly string[]
  /** Whether it may load what it does not find. */
  readonly loads: boolean
  readonly controller: AbortController
  readonly begun: Moment
  /** Whether it waits for no other process any more. */
  hasWaited: boolean
  /** The step in which it settled. */
  settledIn: number | undefined
  isDead: boolean
}

/** What is promised of times, in milliseconds. */
export interface CallLimits {
  readonly waitTimeout: number
  readonly softTimeout: number
  /** A call waits no longer before its process loads. */
  readonly longestWait: number
  /** While nobody loads, it waits no longer. */
  readonly longestIdle: number
  /** A value is not answered later than this after it was stored. */
  readonly storedFor: number
  /** After this it is answered if a load failed or takes long. */
  readonly answeredFor: number
}

/** All reads of the fleet, and what is promised of their answers. */
export class Calls {
  readonly #loads: Loads
  readonly #invalidations: Invalidations
  readonly #items: Items
  readonly #journal: Journal
  readonly #now: () => number
  readonly #limits: CallLimits
  readonly #all: Call[] = []
  #leaving = 0

  constructor(
    parts: {
      readonly loads: Loads
      readonly invalidations: Invalidations
      readonly items: Items
      readonly journal: Journal
    },
    now: () => number,
    limits: CallLimits,
  ) {
    this.#loads = parts.loads
    this.#invalidations = parts.invalidations
    this.#items = parts.items
    this.#journal = parts.journal
    this.#now = now
    this.#limits = limits
  }

  get pending(): Call[] {
    return this.#all.filter(({ settledIn, isDead }) => settledIn === undefined && !isDead)
  }

  /** Signals that somebody still listens to. */
  get heardSignals(): number {
    return this.#all.filter(
      ({ controller, isDead }) =>
        !isDead && getEventListeners(controller.signal, 'abort').length > 0,
    ).length
  }

  /** Begins a read. */
  begin(
    { what, process, keys, loads }: Pick<Call, 'what' | 'process' | 'keys' | 'loads'>,
    run: (signal: AbortSignal) => Promise<unknown>,
  ): void {
    this.#journal.note(`${nameOf(process)}: ${what} ${keys}`)
    const call: Call = {
      ...{ what, process, keys, loads },
      controller: new AbortController(),
      begun: this.#journal.moment,
      hasWaited: keys.some((key) => this.#loads.isLoading(process, key)),
      settledIn: undefined,
      isDead: false,
    }
    this.#all.push(call)
    run(call.controller.signal).then(
      (answer) => this.#settle(call, () => this.#answered(call, answer)),
      (error: unknown) => this.#settle(call, () => this.#failed(call, error)),
    )
  }

  /** Of a load that starts now in a process: who may wait for it. */
  demand(process: number, keys: readonly string[]): Demand {
    const waiting = this.#all.filter(
      (call) =>
        call.process === process &&
        call.loads &&
        call.keys.some((key) => keys.includes(key)) &&
        // A call may be answered at once, and start a load behind its answer.
        (call.settledIn === undefined || call.settledIn === this.#journal.step),
    )
    const [oldest] = waiting
    for (const call of waiting) this.#endWait(call)
    if (oldest === undefined) {
      // A call of many keys may reject for one of them, and have others loaded.
      const hasMany = this.#all.some((call) => call.process === process && call.keys.length > 1)
      if (!hasMany)
        this.#journal.complain(`${nameOf(process)}: nobody has asked for the load of ${keys}`)
      return { at: this.#journal.moment.at, waited: 0 }
    }
    return { at: oldest.begun.at, waited: this.#now() - oldest.begun.time }
  }

  /** Aborts a call, which rejects before anything else happens. */
  async abort(call: Call): Promise<void> {
    const about = `${nameOf(call.process)}: ${call.what} ${call.keys}`
    this.#journal.note(`${about} is aborted`)
    this.#journal.disturb(...call.keys)
    // A win of a value cannot be given back.
    for (const key of call.keys) if (this.#items.has(key)) this.#journal.fault(key)
    call.controller.abort(new Error(`leaving ${++this.#leaving}`))
    await settle()
    if (call.settledIn === undefined) this.#journal.complain(`${about} goes on after its abort`)
    for (const load of this.#loads.inFlight) {
      if (load.process !== call.process || load.replaces || !this.#isLonely(load.keys, call))
        continue
      this.#journal.complain(`load ${load.id} goes on, for which nobody waits`)
    }
  }

  /** Whether the keys are some of a call, and no other call of its process waits for one of them. */
  #isLonely(keys: readonly string[], { process, keys: own }: Call): boolean {
    const isWaiting = this.pending.some(
      (call) => call.process === process && call.keys.some((key) => keys.includes(key)),
    )
    return !isWaiting && keys.every((key) => own.includes(key))
  }

  /** Its process has gone. */
  abandon(process: number): void {
    for (const call of this.#all) if (call.process === process) call.isDead = true
  }

  #settle(call: Call, check: () => void): void {
    if (call.isDead) return
    check()
    call.settledIn = this.#journal.step
    this.#endWait(call)
  }

  /** It has waited for others until now; then its process loads, or it has its answer. */
  #endWait(call: Call): void {
    const [key, ...others] = call.keys
    // Of many keys, those that are there wait for those that are loaded.
    if (call.hasWaited || !call.loads || key === undefined || others.length > 0) return
    call.hasWaited = true
    const since = (start: number): number => this.#now() - Math.max(call.begun.time, start)
    const waited = since(this.#journal.disturbance(key).time)
    if (waited > this.#limits.longestWait) {
      this.#journal.complain(`${call.what} ${key} waited ${waited} ms for others`)
    }
    const last = this.#loads.lastOf(key)
    // A fault may leave a lease that nobody knows of, and a load that fails leaves the value that it was to replace.
    if (this.#items.has(key) || this.#journal.faultAt(key) >= (last?.demand.at ?? 0)) return
    const starts = [last?.endedTime ?? Number.NEGATIVE_INFINITY, this.#items.goneTime(key)]
    const idle = since(Math.max(...starts, this.#journal.disturbance(key).time))
    if (idle > this.#limits.longestIdle) {
      this.#journal.complain(`${call.what} ${key} waited ${idle} ms for nobody`)
    }
  }

  #answered(call: Call, answer: unknown): void {
    this.#journal.note(
      `${nameOf(call.process)}: ${call.what} ${call.keys} answers ${shown(answer)}`,
    )
    for (const key of call.keys)
      this.#check(call, key, answer instanceof Map ? answer.get(key) : answer)
  }

  #check(call: Call, key: string, answer: unknown): void {
    // A plain read that misses says nothing of the value.
    if (answer === undefined && !call.loads) return
    const about = `${call.what} ${key} answers ${shown(answer)}`
    const read = readAnswer(key, answer)
    if (read === undefined) {
      this.#journal.complain(`${about}, which is no value`)
      return
    }
    const { kind, version, load } = read
    const isAllowed =
      version === undefined
        ? this.#invalidations.allowsKind(key, kind, call.begun)
        : this.#invalidations.allows(key, version, call.begun)
    if (!isAllowed) this.#journal.complain(`${about}, which was invalidated before it began`)
    const stored = load === undefined ? undefined : this.#items.storedAt(load)
    if (stored === undefined) return
    const age = call.begun.time - stored.time
    if (age >= this.#limits.storedFor) {
      this.#journal.complain(`${about}, which ended before it began`)
    }
    const waited = this.#now() - call.begun.time
    const hasReason =
      !call.loads ||
      this.#journal.disturbance(key).at >= stored.at ||
      waited >= Math.min(this.#limits.softTimeout, this.#limits.waitTimeout)
    if (age >= this.#limits.answeredFor && !hasReason) {
      this.#journal.complain(`${about} without an error, past staleWhileRevalidate`)
    }
  }

  #failed(call: Call, error: unknown): void {
    this.#journal.note(`${nameOf(call.process)}: ${call.what} ${call.keys} rejects: ${error}`)
    const { signal } = call.controller
    const isExpected =
      !call.loads ||
      error instanceof LoadError ||
      (signal.aborted && error === signal.reason) ||
      (error instanceof Error && error.name === LOAD_TIMEOUT)
    if (!isExpected) this.#journal.complain(`${call.what} ${call.keys} rejects: ${error}`)
  }
}

function shown(answer: unknown): string {
  return answer instanceof Map ? JSON.stringify([...answer]) : (JSON.stringify(answer) ?? 'nothing')
}
