import { clearInterval, setInterval } from 'node:timers'
import { clock } from '@mc/protocol/toolkit'
import { createPool, type Pool } from 'generic-pool'
import type { Hooks } from './hooks.ts'
import type { ResolvedLimits } from './limits.ts'

/**
 * What generic-pool keeps. A failed `create` is kept as well: generic-pool answers a rejected `create`
 * by calling it again, without a pause and without telling the borrower.
 */
export type Slot<T> = ObjectSlot<T> | FailedSlot

export interface ObjectSlot<T> {
  readonly object: T
  /** The last borrower that had asked when this was made. */
  readonly order: number
  readonly generation: number
  /** Milliseconds of `performance.now()`. */
  readonly expiresAt: number
  /** The look for idle objects that first met it idle, on the same clock. */
  idleSince: number | undefined
}

interface FailedSlot {
  readonly failure: { readonly reason: unknown }
  readonly order: number
}

/** Where slots say what happens to objects. */
export interface SlotsListener<T> {
  onCreate(object: T): void
  onDestroy(object: T): void
  /** Slots that were taken for a moment are back. */
  onChange(): void
}

/**
 * The objects of a pool: their number, age and idle time. generic-pool keeps them, but no timers, as its
 * own stand still under fake timers. None of its errors leaves this file.
 */
export class Slots<T> {
  /** Objects that exist or are being made. */
  size = 0
  /** The number of borrowers that have asked so far. */
  borrowers = 0
  readonly #hooks: Hooks<T>
  readonly #limits: ResolvedLimits
  readonly #listener: SlotsListener<T>
  readonly #pool: Pool<Slot<T>>
  readonly #free = new Set<Slot<T>>()
  /** Free slots that have not gone back to generic-pool yet: most are lent again before it need know. */
  readonly #resting: ObjectSlot<T>[] = []
  readonly #destroying = new Set<Promise<void>>()
  #sweeper: NodeJS.Timeout | undefined
  #generation = 0
  #isClosed = false

  constructor(hooks: Hooks<T>, limits: ResolvedLimits, listener: SlotsListener<T>) {
    this.#hooks = hooks
    this.#limits = limits
    this.#listener = listener
    this.#pool = createPool<Slot<T>>(
      { create: () => this.#create(), destroy: (slot) => this.#track(this.#destroy(slot)) },
      {
        max: limits.maxSize,
        min: limits.minSize,
        fifo: false,
        autostart: false,
        evictionRunIntervalMillis: 0,
      },
    )
  }

  /** Objects that are idle. */
  get free(): number {
    return this.#free.size
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Whether an idle object is there to be taken. */
  get isAvailable(): boolean {
    return this.#resting.length > 0 || this.#pool.available > 0
  }

  /** Slots that were taken, and those that were asked for and are not there yet. */
  get taken(): number {
    return this.#pool.borrowed + this.#pool.pending - this.#resting.length
  }

  isStale(slot: ObjectSlot<T>): boolean {
    const { generation, expiresAt } = slot
    return generation !== this.#generation || (expiresAt < Infinity && clock() >= expiresAt)
  }

  /** The slot last returned, if that was in this turn and it may be lent again. */
  takeResting(): ObjectSlot<T> | undefined {
    const slot = this.#resting.pop()
    if (slot === undefined) return undefined
    this.#free.delete(slot)
    if (!this.isStale(slot)) return slot
    this.discard(slot)
    return undefined
  }

  /** The idle slot last returned, or a new one; undefined when closed. */
  async take(): Promise<Slot<T> | undefined> {
    if (this.#isClosed) return undefined
    this.#startSweeping()
    const resting = this.takeResting()
    if (resting !== undefined) return resting
    const slot = await this.#pool.acquire()
    this.#free.delete(slot)
    return slot
  }

  putBack(slot: ObjectSlot<T>): void {
    this.#free.add(slot)
    slot.idleSince = undefined
    this.#resting.push(slot)
  }

  /** Gives the resting slots back to generic-pool. */
  #release(): void {
    for (const slot of this.#resting.splice(0)) settled(this.#pool.release(slot))
  }

  discard(slot: Slot<T>): void {
    settled(this.#pool.destroy(slot))
  }

  /** Destroys the idle objects; those that are taken are stale from now on. */
  async clear(): Promise<void> {
    this.#generation++
    // generic-pool's own clear() would go on to lend the objects that it destroyed.
    for (const slot of await this.#takeIdle()) this.discard(slot)
    this.#listener.onChange()
    await Promise.all(this.#destroying)
  }

  /** Resolves when all slots are back and all objects destroyed. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#sweeper)
    this.#release()
    await this.#pool.drain()
    await this.#pool.clear()
  }

  async #create(): Promise<Slot<T>> {
    const order = this.borrowers
    const generation = this.#generation
    this.size++
    try {
      const object = await this.#hooks.create()
      const expiresAt = clock() + this.#lifetime()
      const slot = { object, order, generation, expiresAt, idleSince: undefined }
      this.#free.add(slot)
      this.#listener.onCreate(object)
      return slot
    } catch (reason) {
      this.size--
      return { failure: { reason }, order }
    }
  }

  async #destroy(slot: Slot<T>): Promise<void> {
    if ('failure' in slot) return
    this.#free.delete(slot)
    this.size--
    this.#listener.onDestroy(slot.object)
    await this.#hooks.destroy(slot.object)
  }

  #track(destroying: Promise<void>): Promise<void> {
    this.#destroying.add(destroying)
    return destroying.finally(() => this.#destroying.delete(destroying))
  }

  /** Objects made together should not all go together. */
  #lifetime(): number {
    const { maxAge, maxAgeJitter } = this.#limits
    return maxAge * (1 - maxAgeJitter * Math.random())
  }

  #startSweeping(): void {
    const { idleTimeout } = this.#limits
    if (this.#sweeper !== undefined || idleTimeout === 0) return
    const interval = Math.min(Math.ceil(idleTimeout / 4), 15_000)
    this.#sweeper = setInterval(() => void this.#sweep(), interval).unref()
  }

  /** Destroys what has been idle for too long, the longest idle first, and leaves `minSize`. */
  async #sweep(): Promise<void> {
    const now = clock()
    const idle = (await this.#takeIdle()).reverse()
    const surplus = idle.length - this.#limits.minSize
    for (const [i, slot] of idle.entries()) {
      const isOver = 'object' in slot && this.#isOver(slot, now)
      if (i < surplus && isOver) this.discard(slot)
      else settled(this.#pool.release(slot))
    }
    this.#listener.onChange()
  }

  /** Whether a slot has been idle for too long. Timers may be early by a millisecond. */
  #isOver(slot: ObjectSlot<T>, now: number): boolean {
    slot.idleSince ??= now
    return now - slot.idleSince >= this.#limits.idleTimeout - 1
  }

  /** Takes all idle slots, the one last returned first, before anybody else can have one. */
  async #takeIdle(): Promise<Slot<T>[]> {
    if (this.#isClosed) return []
    this.#release()
    const { available } = this.#pool
    return Promise.all(Array.from({ length: available }, () => this.#pool.acquire()))
  }
}

/** generic-pool rejects only where it no longer has the slot: there is nothing left to do. */
function settled(work: PromiseLike<void>): void {
  work.then(undefined, () => {})
}
