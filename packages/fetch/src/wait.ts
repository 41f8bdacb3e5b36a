import { performance } from 'node:perf_hooks'
import type { Leased } from '@mc/protocol'
import { startTimer } from '@mc/protocol/toolkit'
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
  /** Takes a lease that was won when nobody waited any more. */
  readonly onUnwanted: (leased: Leased<unknown>) => void
}

/** One wait in this process for what another process loads, with all its callers: they share the polls. */
export class Wait {
  /** Settles when the wait is over. */
  readonly ended: Promise<Leased<unknown> | 'overdue' | undefined>
  #waiting = 0

  constructor(plan: WaitPlan) {
    this.ended = this.#poll(plan)
    this.ended.catch(() => {})
  }

  /**
   * The item as it is once it has changed: it changed after all that wait here had seen it. `undefined` if the cache cannot
   * say; `overdue` if it has not changed in time.
   *
   * @throws what reading throws, the signal's reason
   */
  async join(signal: AbortSignal | undefined): Promise<Leased<unknown> | 'overdue' | undefined> {
    this.#waiting++
    try {
      return await orAborted(this.ended, signal)
    } finally {
      this.#waiting--
    }
  }

  async #poll({
    leased,
    read,
    timeout,
    onUnwanted,
  }: WaitPlan): Promise<Leased<unknown> | 'overdue' | undefined> {
    const start = performance.now()
    const limit = timeout * (1 + Math.random() / 2)
    for (;;) {
      const waited = performance.now() - start
      if (waited >= limit) return 'overdue'
      const quarter = Math.min(MOST_DELAY, Math.max(LEAST_DELAY, waited / 4))
      // Never longer than that, so that nobody waits longer than the load and a quarter.
      await sleep(Math.min(quarter * (1 - Math.random() / 4), limit - waited))
      // Whoever comes yet sees that nothing has changed, and waits anew.
      if (this.#waiting === 0) return leased
      const next = await read()
      if (next?.alreadyWon && next.cas === leased.cas) continue
      if (next?.won && this.#waiting === 0) onUnwanted(next)
      return next
    }
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    startTimer(milliseconds, resolve)
  })
}
