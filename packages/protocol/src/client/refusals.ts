import { setImmediate } from 'node:timers'
import { withStackFrames } from '../stack-frames.ts'

/** Errors in one turn of the event loop that have a stack, which takes ten times as long as the rest of the error. */
const STACKS = 16

/** A call that can be refused. */
interface Refusable {
  reject(error: Error): void
}

/** Rejects calls that are refused, which may come by thousands: of those in one turn only the first have frames in their stack. */
export class Refusals {
  /** How many more of this turn have a stack. */
  #stacks = STACKS
  #others: { readonly call: Refusable; readonly makeError: () => Error }[] = []

  /** Rejects with the error: at once, or with many others behind the code that calls. */
  refuse(call: Refusable, makeError: () => Error): void {
    if (this.#stacks === 0) {
      // By then they are awaited: to reject a promise before anybody awaits it takes several times as long. Fake
      // timers may replace `queueMicrotask`.
      if (this.#others.length === 0) Promise.resolve().then(() => this.#rejectOthers())
      this.#others.push({ call, makeError })
      return
    }
    if (this.#stacks === STACKS) {
      setImmediate(() => {
        this.#stacks = STACKS
      })
    }
    this.#stacks--
    call.reject(makeError())
  }

  #rejectOthers(): void {
    const others = this.#others
    this.#others = []
    withStackFrames(0, () => {
      for (const { call, makeError } of others) call.reject(makeError())
    })
  }
}
