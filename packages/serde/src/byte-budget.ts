/** Bytes that several pieces of work share. What does not fit waits for its turn, in order of arrival. */
export class ByteBudget {
  #free: number
  #users = 0
  #first: Waiter | undefined
  #last: Waiter | undefined

  constructor(bytes: number) {
    this.#free = bytes
  }

  /** Bytes that nobody has. */
  get free(): number {
    return this.#free
  }

  /** Takes bytes for good, at most those that are free. */
  spend(bytes: number): void {
    this.#free -= bytes
  }

  /**
   * Runs work once the bytes that it wants are free. Where everybody else has finished and there still are
   * fewer, it gets those.
   *
   * @param keeps - how many of its bytes are not given back
   */
  async use<T>(
    wanted: number,
    work: (granted: number) => Promise<T>,
    keeps: (result: T) => number = () => 0,
  ): Promise<T> {
    const isFree = this.#first === undefined && this.#fits(wanted)
    const granted = isFree
      ? this.#grant(wanted)
      : await new Promise<number>((start) => this.#enqueue({ wanted, start, next: undefined }))
    let kept = 0
    try {
      const result = await work(granted)
      kept = keeps(result)
      return result
    } finally {
      this.#users--
      this.#free += granted - kept
      this.#startWaiting()
    }
  }

  #fits(wanted: number): boolean {
    return wanted <= this.#free || this.#users === 0
  }

  #grant(wanted: number): number {
    const granted = Math.min(wanted, this.#free)
    this.#users++
    this.#free -= granted
    return granted
  }

  #enqueue(waiter: Waiter): void {
    if (this.#last === undefined) this.#first = waiter
    else this.#last.next = waiter
    this.#last = waiter
  }

  #startWaiting(): void {
    while (this.#first !== undefined && this.#fits(this.#first.wanted)) {
      const { wanted, start, next } = this.#first
      this.#first = next
      if (next === undefined) this.#last = undefined
      start(this.#grant(wanted))
    }
  }
}

interface Waiter {
  readonly wanted: number
  readonly start: (granted: number) => void
  next: Waiter | undefined
}
