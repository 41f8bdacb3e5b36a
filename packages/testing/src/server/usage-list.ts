import type { Item } from './item.ts'

/** Items in order of use. Every operation takes constant time. */
export class UsageList {
  #newest: Item | undefined
  #oldest: Item | undefined

  get oldest(): Item | undefined {
    return this.#oldest
  }

  add(item: Item): void {
    item.older = this.#newest
    item.newer = undefined
    if (this.#newest === undefined) this.#oldest = item
    else this.#newest.newer = item
    this.#newest = item
  }

  remove(item: Item): void {
    if (item.newer === undefined) this.#newest = item.older
    else item.newer.older = item.older
    if (item.older === undefined) this.#oldest = item.newer
    else item.older.newer = item.newer
    item.newer = item.older = undefined
  }

  /** Makes the item the newest. */
  use(item: Item): void {
    if (item === this.#newest) return
    this.remove(item)
    this.add(item)
  }

  /** From the newest to the oldest. The item last given may be removed meanwhile. */
  *[Symbol.iterator](): Generator<Item, void> {
    let next = this.#newest
    while (next !== undefined) {
      const item = next
      next = item.older
      yield item
    }
  }
}
