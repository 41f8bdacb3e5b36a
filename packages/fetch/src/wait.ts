import { setTimeout } from 'node:timers'
import type { Leased } from '@mc/protocol'
import { clock } from '@mc/protocol/toolkit'
import { orAborted } from './or-aborted.ts'

const LEAST_DELAY = 4
const MOST_DELAY = 250

/** What a wait is for. */
export interface WaitPlan {
  /** The item that another process is to store. */
  readonly leased: Leased<unknown>
  /** `undefined` if the cache cannot say. */
  readonly read: () => Promise<Leased<unknown> | undefined>
  /** Milliseconds, up to half more of which at random. */
  readonly timeout: number
  /** Whether this process is the one that loads in its place. */
  readonly takeOver: () => Promise<boolean>
  /** Takes a lease that was won when nobody waited any more. */
  readonly onUnwanted: (leased: Leased<unknown>) => void
}

/** How a wait ended. */
export interface Waited {
  /** The item as it was read last; `undefined` if the cache cannot say. */
  readonly leased: Leased<unknown> | undefined
  /** It has not changed in time, and is to be loaded here. */
  readonly isOverdue: boolean
}

/** One wait in this process for what another process loads, with all its callers: they share the polls. */
export class Wait {
  /** Settles when the wait is over. */
  readonly ended: Promise<Waited>
  #waiting = 0

  constructor(plan: WaitPlan) {
    this.ended = this.#poll(plan)
    this.ended.catch(() => {})
  }

  /**
   * The item once it has changed, after all that wait here had seen it, or when it has not changed in time.
   *
   * @throws what reading throws, the signal's reason
   */
  async join(signal: AbortSignal | undefined): Promise<Waited> {
    this.#waiting++
    try {
      return await orAborted(this.ended, signal)
    } finally {
      this.#waiting--
    }
  }

  async #poll(plan: WaitPlan): Promise<Waited> {
    const end = await this.#pollUntilLimit(plan, plan.leased)
    if (!end.isOverdue || this.#waiting === 0 || (await plan.takeOver())) return end
    // Whoever has taken over has as long, and may be gone as well.
    return this.#pollUntilLimit(plan, end.leased)
  }

  async #pollUntilLimit(
    { leased: { cas }, read, timeout, onUnwanted }: WaitPlan,
    first: Leased<unknown> | undefined,
  ): Promise<Waited> {
    const start = clock()
    const limit = timeout * (1 + Math.random() / 2)
    // The one read last: before 1.6.27 a lease that came on an earlier connection stores nothing.
    for (let leased = first; ; ) {
      const waited = clock() - start
      if (waited >= limit) return { leased, isOverdue: true }
      const quarter = Math.min(MOST_DELAY, Math.max(LEAST_DELAY, waited / 4))
      // Never longer than that, so that nobody waits longer than the load and a quarter.
      await sleep(Math.min(quarter * (1 - Math.random() / 4), limit - waited))
      // Whoever comes yet sees that nothing has changed, and waits anew.
      if (this.#waiting === 0) return { leased, isOverdue: false }
      leased = await read()
      if (leased?.alreadyWon && leased.cas === cas) continue
      if (leased?.won && this.#waiting === 0) onUnwanted(leased)
      return { leased, isOverdue: false }
    }
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
