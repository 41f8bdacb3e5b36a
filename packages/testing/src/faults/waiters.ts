interface Waiter {
  readonly isMet: () => boolean
  readonly resolve: () => void
  readonly reject: (reason: Error) => void
}

/** Promises that each wait for a condition. */
export class Waiters {
  readonly #waiting = new Set<Waiter>()

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.add({ isMet, resolve, reject })
    })
  }

  /** To be called when a condition may have come true. */
  check(): void {
    for (const waiter of this.#waiting) {
      if (!waiter.isMet()) continue
      this.#waiting.delete(waiter)
      waiter.resolve()
    }
  }

  /** Rejects all that wait. */
  fail(message: string): void {
    for (const { reject } of this.#waiting) reject(new Error(message))
    this.#waiting.clear()
  }
}
