import { clock } from '@mc/protocol/toolkit'

/** Milliseconds for which it is remembered at the least who refreshes a value. */
const MEMORY = 60_000
const MOST = 20_000

interface Refresh {
  dueAt: number
  /** It failed in this process. */
  hasFailed: boolean
  forgottenAt: number
}

/**
 * Since when others refresh the values that this process has seen. Whoever has won a value and does not store it blocks it
 * for all others (LEASES, "recache winner dies"): after some time it is considered won anew.
 */
export class Overdue {
  /** By the item and its CAS token; the last seen at the end. */
  readonly #refreshes = new Map<string, Refresh>()

  /** Whether a value that another caller is to refresh is overdue. It is for one caller, then not again for as long. */
  isDue(id: string, loadTimeout: number): boolean {
    const now = clock()
    const refresh = this.#refreshes.get(id)
    if (refresh === undefined) {
      this.#keep(id, now, loadTimeout, false)
      return false
    }
    if (now < refresh.dueAt) {
      this.#touch(id, refresh, now, loadTimeout)
      return false
    }
    this.#keep(id, now, loadTimeout, false)
    return true
  }

  /** A refresh is to be done here after the delay. */
  later(id: string, delay: number): void {
    this.#keep(id, clock(), delay, false)
  }

  /** A refresh has failed here: it is due again after the delay. */
  failed(id: string, delay: number): void {
    this.#keep(id, clock(), delay, true)
  }

  /** Whether a refresh has failed here and is not yet due again. */
  hasFailed(id: string): boolean {
    const refresh = this.#refreshes.get(id)
    return refresh?.hasFailed === true && clock() < refresh.dueAt
  }

  #keep(id: string, now: number, delay: number, hasFailed: boolean): void {
    // Not all processes at once.
    const dueAt = now + delay * (hasFailed ? 1 : 1 + Math.random() / 4)
    this.#touch(id, { dueAt, hasFailed, forgottenAt: 0 }, now, delay)
    const [oldest] = this.#refreshes
    if (oldest !== undefined && (oldest[1].forgottenAt < now || this.#refreshes.size > MOST)) {
      this.#refreshes.delete(oldest[0])
    }
  }

  #touch(id: string, refresh: Refresh, now: number, delay: number): void {
    refresh.forgottenAt = now + Math.max(MEMORY, 2 * delay)
    this.#refreshes.delete(id)
    this.#refreshes.set(id, refresh)
  }
}
