import { EventEmitter } from 'node:events'
import { MemcacheClosedError, MemcacheOverloadError } from '@mc/protocol'
import { checkNumber, checkOptionNames, Refusals, startTimer } from '@mc/protocol/toolkit'
import { type AcquireOptions, Borrower, type Lender } from './borrower.ts'
import { checkHooks, Hooks } from './hooks.ts'
import type { Inside } from './inside.ts'
import { type ResolvedLimits, resolveLimits } from './limits.ts'
import {
  OBJECT_POOL_OPTIONS,
  type ObjectPoolEvents,
  type ObjectPoolOptions,
} from './object-pool-options.ts'
import { type ObjectSlot, type Slot, Slots } from './slots.ts'
import { soon } from './soon.ts'
import { publishFigures, traceAcquire, tracesAcquires } from './telemetry.ts'
import { Waits } from './waits.ts'

export let inside: Inside

/**
 * Lends objects that are expensive to create, each to one borrower at a time: the one last returned first, so
 * that the others become idle and are destroyed.
 *
 * Nothing is created before the first `get`. Hooks may hang, reject or throw anything: every wait ends
 * within the limits.
 */
export class ObjectPool<T> extends EventEmitter<ObjectPoolEvents<T>> implements AsyncDisposable {
  static {
    inside = {
      lendIdle: (pool) => (tracesAcquires() ? undefined : pool.#takeIdle()?.object),
      timeOf: (pool) => pool.#lender.waits.now(),
    }
  }

  readonly #name: string | undefined
  readonly #hooks: Hooks<T>
  readonly #limits: ResolvedLimits
  readonly #slots: Slots<T>
  readonly #lent = new Map<T, ObjectSlot<T>>()
  /** The borrowers that wait for a slot to be given back: nobody could leave generic-pool's queue early. */
  readonly #waiting = new Set<Borrower<T>>()
  readonly #lender: Lender<T> = {
    waits: new Waits(),
    overdue: (timeout) => this.#overload(`none was free within ${timeout} ms`),
    onSettled: (borrower) => this.#waiting.delete(borrower) && this.#serve(),
  }
  readonly #refusals = new Refusals()
  /** Objects that `close` destroyed while they were lent. */
  readonly #takenBack = new Set<T>()
  #drained: (() => void) | undefined
  #draining: Promise<void> | undefined
  #closing: Promise<void> | undefined

  /** @throws TypeError or RangeError for an invalid limit or hook, or when `create` is missing */
  constructor(options: ObjectPoolOptions<T>) {
    super()
    checkOptionNames(options, OBJECT_POOL_OPTIONS)
    checkHooks(options)
    this.#name = options.name
    this.#limits = resolveLimits(options)
    this.#hooks = new Hooks(options, this.#limits.hookTimeout, (error) => {
      soon(() => this.listenerCount('error') > 0 && this.emit('error', error))
    })
    this.#slots = new Slots(this.#hooks, this.#limits, {
      onCreate: (object) => {
        publishFigures(this, this.#name)
        soon(() => this.emit('create', object))
      },
      onDestroy: (object) => {
        publishFigures(this, this.#name)
        soon(() => this.emit('destroy', object))
      },
      onChange: () => this.#serve(),
    })
  }

  /** Objects that exist or are being made. Never more than `maxSize`. */
  get size(): number {
    return this.#slots.size
  }

  /** Objects that are lent. */
  get used(): number {
    return this.#lent.size
  }

  /** Objects that are idle. */
  get free(): number {
    return this.#slots.free
  }

  /** Borrowers that wait because all objects are lent. */
  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * Borrows an object: an idle one, or a new one, or the next that is returned. Give it back with
   * `release` or `destroy`; better, borrow with `use`.
   *
   * @throws MemcacheOverloadError when none was free in time, or too many wait already
   * @throws MemcacheClosedError after `drain` or `close`
   * @throws whatever `create` throws
   */
  get(options: AcquireOptions = {}): Promise<T> {
    return tracesAcquires()
      ? traceAcquire(this.#name, this.#mustWait, () => this.#get(options))
      : this.#get(options)
  }

  /** Whether a borrower waits until an object is returned. */
  get #mustWait(): boolean {
    return this.#waiting.size > 0 || !this.#hasRoom()
  }

  #get(options: AcquireOptions): Promise<T> {
    const { signal, timeout = this.#limits.acquireTimeout } = options
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#draining !== undefined) return Promise.reject(this.#closed())
    const mustWait = this.#mustWait
    if (mustWait && this.#waiting.size >= this.#limits.maxWaiting) {
      return new Promise((_resolve, reject) =>
        this.#refusals.refuse({ reject }, () => this.#overload('too many wait already')),
      )
    }
    try {
      checkNumber('timeout', timeout, { min: 0, unit: 'milliseconds' })
    } catch (error) {
      return Promise.reject(error)
    }
    const idle = this.#takeIdle()
    if (idle !== undefined) return Promise.resolve(idle.object)
    const borrower = new Borrower<T>(this.#lender, ++this.#slots.borrowers, timeout, signal)
    if (mustWait) this.#queue(borrower)
    else void this.#lend(borrower)
    return borrower.promise
  }

  /**
   * Gives an object back.
   *
   * @throws TypeError if the pool has not lent it
   */
  release(object: T): void {
    if (this.#takenBack.delete(object)) return
    const slot = this.#lentSlot(object)
    if (!this.#slots.isStale(slot)) {
      const [next] = this.#waiting
      // From hand to hand: it stays lent, and is spared the way through generic-pool.
      if (next?.resolve(object)) return
      this.#putBack(slot)
    } else this.#discard(slot)
    this.#serve()
  }

  /**
   * Gives back an object that nobody should have again.
   *
   * @throws TypeError if the pool has not lent it
   */
  destroy(object: T): void {
    if (this.#takenBack.delete(object)) return
    this.#discard(this.#lentSlot(object))
    this.#serve()
  }

  /**
   * Borrows an object for as long as `fn` takes. If `fn` fails, the object is destroyed when `destroyOn`
   * says so, and returned otherwise.
   *
   * @throws as `get`, and whatever `fn` throws
   */
  async use<R>(fn: (object: T) => R | Promise<R>, options?: AcquireOptions): Promise<R> {
    const object = await this.get(options)
    let result: R
    try {
      result = await fn(object)
    } catch (error) {
      if (this.#hooks.destroysOn(error, object)) this.destroy(object)
      else this.release(object)
      throw error
    }
    this.release(object)
    return result
  }

  /** Destroys the idle objects now, and the lent ones when they are returned. The pool stays open. */
  clear(): Promise<void> {
    return this.#closing ?? this.#slots.clear()
  }

  /**
   * Takes no more borrowers; resolves when those there are have been served and all objects are back, or
   * when `drainTimeout` is over: borrowers that still wait are then rejected.
   */
  drain(): Promise<void> {
    this.#draining ??= new Promise((resolve) => {
      const cancel = startTimer(this.#limits.drainTimeout, () => {
        for (const borrower of this.#waiting) borrower.reject(this.#closed())
        resolve()
      })
      this.#drained = () => {
        cancel()
        resolve()
      }
      this.#serve()
    })
    return this.#draining
  }

  /** Drains the pool, then destroys its objects: those, too, that are still lent after `drainTimeout`. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.drain()
    const closing = this.#slots.close()
    for (const slot of this.#lent.values()) {
      this.#takenBack.add(slot.object)
      this.#discard(slot)
    }
    await closing
    this.#lender.waits.stop()
  }

  /** Whether a borrower gets an object without waiting for one to be returned. */
  #hasRoom(): boolean {
    return this.#slots.taken < this.#limits.maxSize
  }

  /** An idle object that can be lent as it is, if nobody waits. */
  #takeIdle(): ObjectSlot<T> | undefined {
    if (this.#waiting.size > 0 || this.#draining !== undefined || this.#hooks.canValidate) return
    const slot = this.#slots.takeResting()
    if (slot !== undefined) this.#handOut(slot)
    return slot
  }

  #queue(borrower: Borrower<T>): void {
    borrower.limit()
    this.#waiting.add(borrower)
    publishFigures(this, this.#name)
  }

  #serve(): void {
    for (const borrower of this.#waiting) {
      if (!this.#hasRoom()) break
      this.#waiting.delete(borrower)
      void this.#lend(borrower)
    }
    publishFigures(this, this.#name)
    if (this.#drained && this.#waiting.size === 0 && this.#slots.taken === 0) this.#drained()
  }

  async #lend(borrower: Borrower<T>): Promise<void> {
    // An idle object that needs no check is lent at once: its borrower is spared a timer.
    if (!this.#slots.isAvailable || this.#hooks.canValidate) borrower.limit()
    const slot = await this.#slots.take()
    if (slot === undefined) borrower.reject(this.#closed())
    else await this.#offer(slot, borrower)
  }

  async #offer(slot: Slot<T>, borrower: Borrower<T>): Promise<void> {
    const isNew = slot.order >= borrower.order
    if ('failure' in slot) {
      this.#slots.discard(slot)
      // An old failure, of a create for somebody else or for minSize, is not this borrower's.
      if (isNew) borrower.reject(slot.failure.reason)
      else if (!borrower.settled) void this.#lend(borrower)
    } else if (this.#slots.isStale(slot) || !(isNew || (await this.#hooks.isValid(slot.object)))) {
      this.#slots.discard(slot)
      if (!borrower.settled) void this.#lend(borrower)
    } else if (this.#slots.isClosed) {
      this.#slots.discard(slot)
      borrower.reject(this.#closed())
    } else {
      if (borrower.resolve(this.#handOut(slot))) return
      this.#putBack(slot)
    }
    this.#serve()
  }

  #handOut(slot: ObjectSlot<T>): T {
    this.#lent.set(slot.object, slot)
    publishFigures(this, this.#name)
    return slot.object
  }

  #lentSlot(object: T): ObjectSlot<T> {
    const slot = this.#lent.get(object)
    if (slot === undefined) throw new TypeError('the object is not lent by this pool')
    return slot
  }

  #putBack(slot: ObjectSlot<T>): void {
    this.#lent.delete(slot.object)
    this.#slots.putBack(slot)
  }

  #discard(slot: ObjectSlot<T>): void {
    this.#lent.delete(slot.object)
    this.#slots.discard(slot)
  }

  #closed(): MemcacheClosedError {
    return new MemcacheClosedError('the pool is closed', { server: this.#name, written: false })
  }

  #overload(why: string): MemcacheOverloadError {
    const state = `size ${this.size} of ${this.#limits.maxSize}, ${this.used} in use, ${this.waiting} waiting`
    return new MemcacheOverloadError(`${why}: ${state}`, { server: this.#name, written: false })
  }
}
