import { setImmediate } from 'node:timers'
import { withStackFrames } from '../stack-frames.ts'

/** Errors in one turn of the event loop that have a stack, which takes seven times as long as the rest of the error. */
const STACKS = 16

/** A call that can be refused. */
interface Refusable {
  reject(error: Error): void
}

/** Rejects calls that are refused. Thousands may come in one turn: only the first of them have frames in their stack. */
export class Refusals {
  /** How many more of this turn have a stack. */
  #stacks = STACKS
  #others: { readonly call: Refusable; readonly makeError: () => Error }[] = []

  /** Rejects the call: at once, or from the 17th of the turn on in a microtask. */
  refuse(call: Refusable, makeError: () => Error): void {
    if (this.#stacks === 0) {
      // By then they are awaited. Node keeps a list of promises that are rejected before, which would block the
      // loop for longer. Fake timers may replace `queueMicrotask`.
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
