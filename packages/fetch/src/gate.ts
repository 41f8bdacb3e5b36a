/** Lets the fetches of one call go on together, when the items of all keys have been read. */
export class Gate {
  /** Why none of them may go on: one key could not be read. */
  refusal: { readonly reason: unknown } | undefined
  readonly #opened: Promise<void>
  #left: number
  #open: () => void = () => {}

  /** @param count - of the fetches */
  constructor(count: number) {
    this.#left = count
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  /** What was read, once all have read. */
  async pass<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading
    } catch (reason) {
      this.refusal ??= { reason }
      throw reason
    } finally {
      if (--this.#left === 0) this.#open()
      await this.#opened
    }
  }
}
