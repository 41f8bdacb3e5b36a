/** One write of a key. A delete is one too, of a value that nobody may ever read. */
export interface Write {
  /** Differs from that of every other write. */
  readonly value: string
  /** Call it when the server has confirmed the write. */
  confirm(): void
}

/** Notes a violation if a read that began with `beginRead` must not have got this value for this key. */
export type CheckValue = (key: string, value: unknown) => void

/**
 * What was written under each key, and which of it may still be read. Every value names its key and a number
 * and is as long as that number says, so that another key's, a torn or an invented one is noticed at once.
 *
 * A key with a single writer, which begins no write before the last one has settled, promises more: once a
 * write is confirmed, or its value was read, no read that begins later gets what was written before it. That
 * holds for writes of unknown outcome too: one may take effect late, but not behind a newer write that has.
 * It does not hold where a key moves between servers, which may come back with what they had before.
 */
export class History {
  readonly violations: string[] = []
  readonly #lengths: number[] = []
  /** By key with a single writer: the number of the last write known to have taken effect. */
  readonly #latest = new Map<string, number>()

  /** Declares that writes of the key never overlap. */
  addSingleWriterKey(key: string): void {
    this.#latest.set(key, -1)
  }

  /** Call it before the write is sent. */
  beginWrite(key: string, random: () => number): Write {
    const length = Math.floor(random() < 0.03 ? 40_000 + random() * 60_000 : random() * 3000)
    const index = this.#lengths.push(length) - 1
    return { value: textOf(key, index, length), confirm: () => this.#tookEffect(key, index) }
  }

  /** Call it before the read is sent. Misses are fine: it is a cache. */
  beginRead(): CheckValue {
    const oldest = new Map(this.#latest)
    return (key, value) => {
      if (value === undefined) return
      const text = String(value)
      const index = Number(/^(.*)#(\d+):/.exec(text)?.[2] ?? -1)
      const length = this.#lengths[index]
      if (length === undefined || text !== textOf(key, index, length)) {
        this.violations.push(`${key} gave a value of ${text.length}: ${text.slice(0, 60)}`)
        return
      }
      const least = oldest.get(key)
      if (least !== undefined && index < least) {
        this.violations.push(`${key} gave write ${index}, after write ${least} had taken effect`)
      }
      this.#tookEffect(key, index)
    }
  }

  #tookEffect(key: string, index: number): void {
    const latest = this.#latest.get(key)
    if (latest !== undefined && index > latest) this.#latest.set(key, index)
  }
}

function textOf(key: string, index: number, length: number): string {
  return `${key}#${index}:${String(index % 10).repeat(length)};`
}
