/**
 * What was written under each key. Every value names its key and a number and is as long as that number
 * says, so that another key's, a torn or an invented one is seen at once.
 */
export class History {
  readonly violations: string[] = []
  readonly #lengths: number[] = []

  /** A value that was never written before. */
  next(key: string, random: () => number): string {
    const length = random() < 0.03 ? 40_000 + random() * 60_000 : random() * 3000
    const index = this.#lengths.push(Math.floor(length)) - 1
    return textOf(key, index, Math.floor(length))
  }

  /** Notes it when what a read gave was never written under the key; misses are fine. */
  check(key: string, value: unknown): void {
    if (value === undefined) return
    const text = String(value)
    const index = Number(/^(.*)#(\d+):/.exec(text)?.[2] ?? -1)
    const length = this.#lengths[index]
    if (length !== undefined && text === textOf(key, index, length)) return
    this.violations.push(`${key} gave a value of ${text.length}: ${text.slice(0, 60)}`)
  }
}

function textOf(key: string, index: number, length: number): string {
  return `${key}#${index}:${String(index % 10).repeat(length)};`
}
