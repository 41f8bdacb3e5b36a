/** Counts and bytes of items by a number of each, such as its size. */
export class Buckets {
  /** Upper bounds, each excluded; the last is `Infinity`. */
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  readonly #bytes: number[]

  constructor(bounds: readonly number[]) {
    this.#bounds = [...bounds, Number.POSITIVE_INFINITY]
    this.#counts = this.#bounds.map(() => 0)
    this.#bytes = this.#bounds.map(() => 0)
  }

  add(value: number, bytes: number): void {
    const at = this.#bounds.findIndex((bound) => value < bound)
    // `Infinity` is below no bound.
    const place = at < 0 ? this.#bounds.length - 1 : at
    this.#counts[place] = (this.#counts[place] as number) + 1
    this.#bytes[place] = (this.#bytes[place] as number) + bytes
  }

  get rows(): { readonly from: number; readonly to: number; count: number; bytes: number }[] {
    return this.#bounds.map((to, i) => ({
      from: i === 0 ? 0 : (this.#bounds[i - 1] as number),
      to,
      count: this.#counts[i] as number,
      bytes: this.#bytes[i] as number,
    }))
  }
}

const SMALLEST_SIZE = 64
const LARGEST_SIZE = 1024 ** 3

/** Powers of two from 64 bytes to 1 GB. */
export const SIZE_BOUNDS: readonly number[] = Array.from(
  { length: Math.log2(LARGEST_SIZE / SMALLEST_SIZE) + 1 },
  (_, i) => SMALLEST_SIZE * 2 ** i,
)

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400]

/** Round times, in seconds. */
export const TIME_BOUNDS: readonly number[] = [
  10,
  MINUTE,
  10 * MINUTE,
  HOUR,
  6 * HOUR,
  DAY,
  7 * DAY,
  30 * DAY,
  365 * DAY,
]
