import type { Calls } from './calls.ts'
import type { Journal } from './journal.ts'
import type { Loads } from './loads.ts'
import type { Network } from './network.ts'
import { settle, type VirtualTime } from './virtual-time.ts'

/** Virtual time in which everything has come to its end. */
const LONGEST_END = 300_000

/** Polls for what nobody waits for any more end by then. */
const LAST_POLL = 500

/** Messages at once; more are messages without end. */
const MOST_MESSAGES = 2000

/** Lets messages arrive and time pass without a step for each. */
export class Motion {
  readonly #time: VirtualTime
  readonly #network: Network
  readonly #loads: Loads
  readonly #calls: Calls
  readonly #journal: Journal

  constructor(
    time: VirtualTime,
    parts: {
      readonly network: Network
      readonly loads: Loads
      readonly calls: Calls
      readonly journal: Journal
    },
  ) {
    this.#time = time
    this.#network = parts.network
    this.#loads = parts.loads
    this.#calls = parts.calls
    this.#journal = parts.journal
  }

  /** Delivers all messages, and those that they lead to. */
  async flow(): Promise<void> {
    for (let left = MOST_MESSAGES; left > 0; left--) {
      const [request] = this.#network.arrivals
      const [reply] = this.#network.answers
      if (reply !== undefined) this.#network.answer(reply)
      else if (request !== undefined) await this.#network.arrive(request)
      else return
      await settle()
    }
    this.#journal.complain('messages without end')
  }

  /** Lets time pass while all messages are delivered at once. */
  async run(milliseconds: number): Promise<void> {
    const end = this.#time.now + milliseconds
    await this.flow()
    while (this.#time.next <= end) await this.#toNextTimer()
    await this.#time.pass(Math.max(0, end - this.#time.now))
  }

  /** Lets loads end, and runs until all calls and loads are settled. */
  async settle(): Promise<void> {
    const latest = this.#time.now + LONGEST_END
    await this.flow()
    for (;;) {
      for (const load of this.#loads.running) if (load.plan.ends) load.finish()
      await settle()
      await this.flow()
      const isSettled = this.#calls.pending.length === 0 && this.#loads.inFlight.length === 0
      if (isSettled || this.#time.next > latest) break
      await this.#toNextTimer()
    }
    for (const { what, keys } of this.#calls.pending) {
      this.#journal.complain(`${what} ${keys} never settles`)
    }
    for (const { id } of this.#loads.inFlight) this.#journal.complain(`load ${id} is not given up`)
  }

  /** With all settled, no timer may be left that keeps a process alive. */
  async checkTimers(): Promise<void> {
    await this.run(LAST_POLL)
    if (this.#time.pending > 0) this.#journal.complain(`${this.#time.pending} timers are left`)
  }

  async #toNextTimer(): Promise<void> {
    await this.#time.pass(Math.max(0, this.#time.next - this.#time.now))
    await this.flow()
  }
}
