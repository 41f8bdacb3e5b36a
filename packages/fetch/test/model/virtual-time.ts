import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'

type Callback = (...args: unknown[]) => void

const REAL = {
  setTimeout: timers.setTimeout,
  clearTimeout: timers.clearTimeout,
  setInterval: timers.setInterval,
  clearInterval: timers.clearInterval,
  setImmediate: timers.setImmediate,
  clearImmediate: timers.clearImmediate,
}
const REAL_DATE_NOW = Date.now

/** Lets everything run that waits for promises alone. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    REAL.setImmediate(resolve)
  })
}

class VirtualTimer {
  readonly #time: VirtualTime
  readonly #run: () => void
  readonly #delay: number
  readonly #repeats: boolean
  due = 0
  #isRef = true

  constructor(time: VirtualTime, run: () => void, delay: number, repeats: boolean) {
    this.#time = time
    this.#run = run
    this.#delay = Math.max(1, Number.isFinite(delay) ? delay : 1)
    this.#repeats = repeats
    this.refresh()
  }

  fire(): void {
    if (this.#repeats) this.refresh()
    this.#run()
  }

  refresh(): this {
    this.#time.start(this, this.#delay)
    return this
  }

  ref(): this {
    this.#isRef = true
    return this
  }

  unref(): this {
    this.#isRef = false
    return this
  }

  hasRef(): boolean {
    return this.#isRef
  }

  close(): this {
    this.#time.stop(this)
    return this
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * Timers and clocks that move when the schedule says so, in the global object and in the modules of Node. Unlike the
 * fake timers of a test runner it lets promises run in a few microseconds, so that a schedule takes a millisecond.
 */
export class VirtualTime {
  /** Milliseconds of Unix time. */
  now = 1_700_000_000_000
  readonly #timers = new Set<VirtualTimer>()

  /** Timers that have yet to come. */
  get pending(): number {
    return this.#timers.size
  }

  /** When the next timer is due; `Infinity` if there is none. */
  get next(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { due } of this.#timers) next = Math.min(next, due)
    return next
  }

  start(timer: VirtualTimer, delay: number): void {
    timer.due = this.now + delay
    // Of timers that are due at once the one set first comes first.
    this.#timers.delete(timer)
    this.#timers.add(timer)
  }

  stop(timer: VirtualTimer): void {
    this.#timers.delete(timer)
  }

  /** Moves the clock, and calls back each timer at its time, with all that follows from it before the next. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds
    for (;;) {
      let first: VirtualTimer | undefined
      for (const timer of this.#timers) {
        if (timer.due <= end && (first === undefined || timer.due < first.due)) first = timer
      }
      if (first === undefined) break
      this.now = Math.max(this.now, first.due)
      this.#timers.delete(first)
      first.fire()
      await settle()
    }
    this.now = end
  }

  /** @param random - stands for `Math.random` */
  async during(random: () => number, work: () => Promise<void>): Promise<void> {
    const realRandom = Math.random
    const started = this.now
    this.#replace({
      setTimeout: (run: Callback, delay = 1, ...args: unknown[]) =>
        new VirtualTimer(this, () => run(...args), delay, false),
      setInterval: (run: Callback, delay = 1, ...args: unknown[]) =>
        new VirtualTimer(this, () => run(...args), delay, true),
      clearTimeout: clear(REAL.clearTimeout),
      clearInterval: clear(REAL.clearInterval),
      setImmediate: (run: Callback, ...args: unknown[]) => {
        const immediate = { isCleared: false }
        queueMicrotask(() => {
          if (!immediate.isCleared) run(...args)
        })
        return immediate
      },
      clearImmediate: (immediate: { isCleared: boolean } | undefined) => {
        if (immediate !== undefined) immediate.isCleared = true
      },
    })
    Date.now = () => this.now
    Object.defineProperty(performance, 'now', {
      value: () => this.now - started,
      configurable: true,
    })
    Math.random = random
    try {
      await work()
    } finally {
      Math.random = realRandom
      Reflect.deleteProperty(performance, 'now')
      Date.now = REAL_DATE_NOW
      this.#replace(REAL)
    }
  }

  #replace(functions: object): void {
    Object.assign(globalThis, functions)
    Object.assign(timers, functions)
    syncBuiltinESMExports()
  }
}

/** Clears a timer of this time or one that began before it. */
function clear(real: (timer: NodeJS.Timeout | undefined) => void): (timer: unknown) => void {
  return (timer) => {
    if (timer instanceof VirtualTimer) timer.close()
    else real(timer as NodeJS.Timeout | undefined)
  }
}
