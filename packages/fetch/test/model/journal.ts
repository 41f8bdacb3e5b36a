/** The number of an event, and its time in milliseconds. */
export interface Moment {
  readonly at: number
  readonly time: number
}

const NEVER: Moment = { at: -1, time: Number.NEGATIVE_INFINITY }

/** What happens in a schedule, in its order. */
export class Journal {
  readonly #now: () => number
  readonly #start: number
  readonly #lines: string[] = []
  readonly #problems = new Set<string>()
  readonly #disturbed = new Map<string, Moment>()
  readonly #faults = new Map<string, number>()
  #allDisturbed = NEVER
  #lastFault = -1
  #at = 0
  #step = 0

  constructor(now: () => number) {
    this.#now = now
    this.#start = now()
  }

  /** The last event. */
  get moment(): Moment {
    return { at: this.#at, time: this.#now() }
  }

  /** The number of the step that is on. */
  get step(): number {
    return this.#step
  }

  /** The next step begins. */
  begin(line: string): void {
    this.#step++
    this.note(line)
  }

  note(line: string): void {
    this.#at++
    this.#lines.push(`${String(this.#now() - this.#start).padStart(6)} ${line}`)
  }

  /** A rule is broken. */
  complain(problem: string): void {
    this.note(`!!! ${problem}`)
    this.#problems.add(problem)
  }

  /** Something came between that excuses another load of the keys. */
  disturb(...keys: readonly string[]): void {
    this.#at++
    for (const key of keys) this.#disturbed.set(key, { at: this.#at, time: this.#now() })
  }

  /** As `disturb`, for all keys. */
  disturbAll(): void {
    this.#allDisturbed = { at: ++this.#at, time: this.#now() }
  }

  /** A cache command of the keys failed, or the process that it is of: nobody may know of a lease any more. */
  fault(...keys: readonly string[]): void {
    this.disturb(...keys)
    for (const key of keys) this.#faults.set(key, this.#at)
  }

  /** As `fault`, for all keys. */
  faultAll(): void {
    this.disturbAll()
    this.#lastFault = this.#at
  }

  /** The last fault of a key; -1 if there was none. */
  faultAt(key: string): number {
    return Math.max(this.#lastFault, this.#faults.get(key) ?? -1)
  }

  /** The event that last excused a load, and its time. */
  disturbance(key: string): Moment {
    const ofKey = this.#disturbed.get(key) ?? NEVER
    return ofKey.at > this.#allDisturbed.at ? ofKey : this.#allDisturbed
  }

  /** @throws Error with all that happened, if a rule was broken */
  check(): void {
    if (this.#problems.size === 0) return
    throw new Error(`${[...this.#problems].join('\n')}\n\n${this.#lines.join('\n')}\n`)
  }
}
