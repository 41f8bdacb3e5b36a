import { EventEmitter } from 'node:events'
import { MemcacheClosedError, MemcacheOverloadError } from '@mc/protocol'
import { createPool, type Pool } from 'generic-pool'
import { type AcquireOptions, Borrower } from './borrower.ts'
import { type ObjectPoolLimits, type ResolvedLimits, resolveLimits } from './limits.ts'

/** What an `ObjectPool` lends, and its limits. */
export interface ObjectPoolOptions<T> extends ObjectPoolLimits {
  /** Makes an object. When it fails, the borrower it was for is rejected with its error. */
  readonly create: () => T | Promise<T>
  /** Asked before an idle object is lent again; one that is not valid, or whose check fails, is destroyed. */
  readonly validate?: ((object: T) => boolean | Promise<boolean>) | undefined
  /** Lets an object's resources go. Its failures are reported by the `error` event. */
  readonly destroy?: ((object: T) => void | Promise<void>) | undefined
  /** Whether `use` destroys the object after this error of its function. @default after every error */
  readonly destroyOn?: ((error: unknown) => boolean) | undefined
  /** Stands in front of error messages. */
  readonly name?: string | undefined
}

/** Events of an `ObjectPool`. */
export interface ObjectPoolEvents<T> {
  /** An object was made. */
  create: [object: T]
  /** An object has left the pool and is being destroyed. */
  destroy: [object: T]
  /** Something failed that no caller waits for. Without a listener it is dropped. */
  error: [error: unknown]
}

/**
 * What generic-pool keeps. A failed `create` is kept as well: generic-pool answers a rejected `create`
 * by calling it again, without a pause and without telling the borrower.
 */
type Slot<T> = ObjectSlot<T> | FailedSlot

interface ObjectSlot<T> {
  readonly object: T
  /** The last borrower that had asked when this was made. */
  readonly order: number
  readonly generation: number
  /** Milliseconds of `performance.now()`. */
  readonly expiresAt: number
}

interface FailedSlot {
  readonly failure: { readonly reason: unknown }
  readonly order: number
}

/**
 * Lends objects that are dear to make, each to one borrower at a time: the one last returned first, so
 * that the others can grow idle and go.
 *
 * generic-pool keeps the objects, their number and their idle times. The queue of borrowers is here, as
 * nobody can leave generic-pool's before the time is up.
 *
 * Nothing is created before the first `get`.
 */
export class ObjectPool<T> extends EventEmitter<ObjectPoolEvents<T>> implements AsyncDisposable {
  readonly #options: ObjectPoolOptions<T>
  readonly #limits: ResolvedLimits
  readonly #pool: Pool<Slot<T>>
  readonly #lent = new Map<T, ObjectSlot<T>>()
  readonly #free = new Set<Slot<T>>()
  readonly #waiting = new Set<Borrower<T>>()
  readonly #destroying = new Set<Promise<void>>()
  #size = 0
  #borrowers = 0
  #generation = 0
  #drained: (() => void) | undefined
  #draining: Promise<void> | undefined
  #closing: Promise<void> | undefined

  /** @throws RangeError for a limit that makes no sense, TypeError when `create` is missing */
  constructor(options: ObjectPoolOptions<T>) {
    super()
    if (typeof options?.create !== 'function') throw new TypeError('create must be a function')
    this.#options = options
    this.#limits = resolveLimits(options)
    const { maxSize, minSize, idleTimeout } = this.#limits
    this.#pool = createPool<Slot<T>>(
      { create: () => this.#create(), destroy: (slot) => this.#track(this.#destroy(slot)) },
      {
        max: maxSize,
        min: minSize,
        fifo: false,
        autostart: false,
        // The soft timeout leaves minSize objects; the hard one would replace them for ever.
        softIdleTimeoutMillis: idleTimeout === 0 ? -1 : idleTimeout,
        idleTimeoutMillis: Number.POSITIVE_INFINITY,
        evictionRunIntervalMillis: Math.min(Math.ceil(idleTimeout / 4), 15_000),
        numTestsPerEvictionRun: maxSize,
      },
    )
  }

  /** Objects that exist or are being made. Never more than `maxSize`. */
  get size(): number {
    return this.#size
  }

  /** Objects that are lent. */
  get used(): number {
    return this.#lent.size
  }

  /** Objects that are idle. */
  get free(): number {
    return this.#free.size
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
    const { signal, timeout = this.#limits.acquireTimeout } = options
    const mustWait = this.#waiting.size > 0 || !this.#hasRoom()
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#draining !== undefined) return Promise.reject(this.#closed())
    if (mustWait && this.#waiting.size >= this.#limits.maxWaiting) {
      return Promise.reject(this.#overload('too many wait already'))
    }
    const borrower = new Borrower<T>(++this.#borrowers, signal)
    if (mustWait || this.#pool.available === 0) {
      borrower.limit(timeout, () => this.#overload(`none was free within ${timeout} ms`))
    }
    if (mustWait) this.#queue(borrower)
    else this.#lend(borrower)
    return borrower.promise
  }

  /**
   * Gives an object back.
   *
   * @throws TypeError if the pool has not lent it
   */
  release(object: T): void {
    const slot = this.#lentSlot(object)
    if (!this.#isStale(slot)) {
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
      if (this.#options.destroyOn?.(error) ?? true) this.destroy(object)
      else this.release(object)
      throw error
    }
    this.release(object)
    return result
  }

  /** Destroys the idle objects now, and the lent ones when they are returned. The pool stays open. */
  async clear(): Promise<void> {
    this.#generation++
    // generic-pool's own clear() would go on to lend the objects that it destroyed.
    const idle = Array.from({ length: this.#pool.available }, async () =>
      this.#discard(await this.#pool.acquire()),
    )
    await Promise.all(idle)
    this.#serve()
    await Promise.all(this.#destroying)
  }

  /** Takes no more borrowers; resolves when those there are have been served and all objects are back. */
  drain(): Promise<void> {
    this.#draining ??= new Promise((resolve) => {
      this.#drained = resolve
      this.#serve()
    })
    return this.#draining
  }

  /** Drains the pool, then destroys its objects. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.drain()
    await this.#pool.drain()
    await this.#pool.clear()
  }

  /** Whether a borrower gets an object without waiting for one to be returned. */
  #hasRoom(): boolean {
    return this.#pool.borrowed + this.#pool.pending < this.#limits.maxSize
  }

  #queue(borrower: Borrower<T>): void {
    this.#waiting.add(borrower)
    borrower.onSettled(() => {
      if (this.#waiting.delete(borrower)) this.#serve()
    })
  }

  #serve(): void {
    for (const borrower of this.#waiting) {
      if (!this.#hasRoom()) return
      this.#waiting.delete(borrower)
      this.#lend(borrower)
    }
    const { borrowed, pending } = this.#pool
    if (this.#waiting.size === 0 && borrowed + pending === 0) this.#drained?.()
  }

  #lend(borrower: Borrower<T>): void {
    void this.#pool.acquire().then((slot) => this.#offer(slot, borrower))
  }

  async #offer(slot: Slot<T>, borrower: Borrower<T>): Promise<void> {
    this.#free.delete(slot)
    const isNew = slot.order >= borrower.order
    if ('failure' in slot) {
      this.#discard(slot)
      // An old failure, of a create for somebody else or for minSize, is not this borrower's.
      if (isNew) borrower.reject(slot.failure.reason)
      else if (!borrower.settled) this.#lend(borrower)
    } else if (this.#isStale(slot) || !(isNew || (await this.#isValid(slot.object)))) {
      this.#discard(slot)
      if (!borrower.settled) this.#lend(borrower)
    } else {
      this.#lent.set(slot.object, slot)
      if (borrower.resolve(slot.object)) return
      this.#putBack(slot)
    }
    this.#serve()
  }

  async #create(): Promise<Slot<T>> {
    const order = this.#borrowers
    const generation = this.#generation
    this.#size++
    try {
      const object = await this.#options.create()
      const slot = { object, order, generation, expiresAt: performance.now() + this.#lifetime() }
      this.#free.add(slot)
      this.#report('create', object)
      return slot
    } catch (reason) {
      this.#size--
      return { failure: { reason }, order }
    }
  }

  async #destroy(slot: Slot<T>): Promise<void> {
    if ('failure' in slot) return
    this.#free.delete(slot)
    this.#size--
    this.#report('destroy', slot.object)
    try {
      await this.#options.destroy?.(slot.object)
    } catch (error) {
      this.#reportError(error)
    }
  }

  #track(destroying: Promise<void>): Promise<void> {
    this.#destroying.add(destroying)
    return destroying.finally(() => this.#destroying.delete(destroying))
  }

  async #isValid(object: T): Promise<boolean> {
    try {
      return (await this.#options.validate?.(object)) ?? true
    } catch (error) {
      this.#reportError(error)
      return false
    }
  }

  #isStale(slot: ObjectSlot<T>): boolean {
    return slot.generation !== this.#generation || performance.now() >= slot.expiresAt
  }

  /** Objects made together should not all go together. */
  #lifetime(): number {
    const { maxAge, maxAgeJitter } = this.#limits
    return maxAge * (1 - maxAgeJitter * Math.random())
  }

  #lentSlot(object: T): ObjectSlot<T> {
    const slot = this.#lent.get(object)
    if (slot === undefined) throw new TypeError('the object is not lent by this pool')
    return slot
  }

  #putBack(slot: ObjectSlot<T>): void {
    this.#lent.delete(slot.object)
    this.#free.add(slot)
    void this.#pool.release(slot)
  }

  #discard(slot: Slot<T>): void {
    if ('object' in slot) this.#lent.delete(slot.object)
    void this.#pool.destroy(slot)
  }

  /** In a task of its own: a listener that throws must not make a create or a destroy fail. */
  #report(event: 'create' | 'destroy', object: T): void {
    queueMicrotask(() => this.emit(event, object))
  }

  #reportError(error: unknown): void {
    queueMicrotask(() => this.listenerCount('error') > 0 && this.emit('error', error))
  }

  #closed(): MemcacheClosedError {
    return new MemcacheClosedError('the pool is closed', { server: this.#options.name })
  }

  #overload(why: string): MemcacheOverloadError {
    const state = `size ${this.size} of ${this.#limits.maxSize}, ${this.used} in use, ${this.waiting} waiting`
    return new MemcacheOverloadError(`${why}: ${state}`, { server: this.#options.name })
  }
}
