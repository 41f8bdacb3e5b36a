import { MalformedPickle, tooDeep } from './malformed-pickle.ts'
import { ListNode } from './pickle-node.ts'

/** What one pickle may take. */
export interface PickleLimits {
  /** Levels of containers in each other. */
  readonly maxDepth: number
  /** Values, counted as often as they are mentioned; also entries of the memo. */
  readonly maxValues: number
}

/** The stack and the memo of a pickle that is being read, within its limits. */
export class PickleMachine {
  readonly #limits: PickleLimits
  readonly #stack: unknown[] = []
  /** Heights of the stack, below which nothing may be taken. */
  readonly #marks: number[] = []
  readonly #memo = new Map<number, unknown>()
  #values = 0
  #copyable: number

  /** @param length - of the pickle, in bytes */
  constructor(length: number, limits: PickleLimits) {
    this.#limits = limits
    this.#copyable = length
  }

  push(value: unknown): void {
    this.#values++
    if (this.#values > this.#limits.maxValues) throw this.#tooMany()
    this.#stack.push(value)
  }

  pop(): unknown {
    this.#checkHeight(1)
    return this.#stack.pop()
  }

  /** Takes the last values, in their order. */
  popMany(count: number): unknown[] {
    this.#checkHeight(count)
    return this.#stack.splice(-count, count)
  }

  get top(): unknown {
    this.#checkHeight(1)
    return this.#stack.at(-1)
  }

  mark(): void {
    if (this.#marks.length >= this.#limits.maxDepth) throw tooDeep(this.#limits.maxDepth)
    this.#marks.push(this.#stack.length)
  }

  /** Takes the values above the last mark, and the mark. */
  popToMark(): unknown[] {
    const height = this.#marks.pop()
    if (height === undefined) throw new MalformedPickle('is a pickle with a mark missing')
    return this.#stack.splice(height)
  }

  /** Takes the top, or the mark if that is what is on top. */
  discard(): void {
    if (this.#stack.length === (this.#marks.at(-1) ?? -1)) this.#marks.pop()
    else this.pop()
  }

  memoize(index: number = this.#memo.size): void {
    this.#memo.set(index, this.top)
    if (this.#memo.size > this.#limits.maxValues) throw this.#tooMany()
  }

  pushMemo(index: number): void {
    if (!this.#memo.has(index)) throw new MalformedPickle('is a pickle with a reference to nothing')
    this.push(this.#memo.get(index))
  }

  /**
   * Called before something of a length is copied. Python writes the source of each copy anew, so all together are no
   * longer than the pickle; only of text of a single character it may refer to one that was there before.
   */
  copy(length: number): void {
    if (length > 1) this.#copyable -= length
    if (this.#copyable < 0) throw new MalformedPickle('is a pickle that copies its own parts')
  }

  /** The top as one of the kinds of containers. */
  topOf<T>(kind: abstract new (...args: never) => T): T {
    const { top } = this
    if (!(top instanceof kind)) throw wrongKind()
    return top
  }

  popList(): ListNode {
    const value = this.pop()
    if (!(value instanceof ListNode)) throw wrongKind()
    return value
  }

  popText(): string {
    const value = this.pop()
    if (typeof value !== 'string') throw wrongKind()
    return value
  }

  /** The only value that is left. */
  result(): unknown {
    const value = this.pop()
    if (this.#stack.length > 0) throw new MalformedPickle('is a pickle with values left over')
    return value
  }

  #checkHeight(count: number): void {
    if (this.#stack.length - count < (this.#marks.at(-1) ?? 0)) {
      throw new MalformedPickle('is a pickle with a value missing')
    }
  }

  #tooMany(): MalformedPickle {
    return new MalformedPickle(
      `is a pickle of more than ${this.#limits.maxValues} values (option maxValues)`,
    )
  }
}

export function wrongKind(): MalformedPickle {
  return new MalformedPickle('is a pickle that uses a value as another kind than it is')
}
