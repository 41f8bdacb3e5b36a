/** A first-in-first-out queue in a ring that grows by doubling. */
export class Fifo<T> {
  #ring: (T | undefined)[] = new Array(64)
  #mask = 63
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    if (this.#length > this.#mask) this.#grow()
    this.#ring[(this.#head + this.#length) & this.#mask] = item
    this.#length++
  }

  /** Puts an item before all others. */
  unshift(item: T): void {
    if (this.#length > this.#mask) this.#grow()
    this.#head = (this.#head - 1) & this.#mask
    this.#ring[this.#head] = item
    this.#length++
  }

  peek(): T | undefined {
    return this.#ring[this.#head]
  }

  /** The item at an index from the head, which must be below `length`. */
  at(index: number): T {
    return this.#ring[(this.#head + index) & this.#mask] as T
  }

  shift(): T | undefined {
    const item = this.#ring[this.#head]
    if (this.#length === 0) return undefined
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & this.#mask
    this.#length--
    return item
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = 0; i < this.#length; i++) yield this.at(i)
  }

  #grow(): void {
    const items = [...this]
    this.#mask = this.#mask * 2 + 1
    items.length = this.#mask + 1
    this.#ring = items
    this.#head = 0
  }
}
