import { MemcacheError, MemcacheIllegalInputError } from '../errors.ts'
import { withStackFrames } from '../stack-frames.ts'

/** As clients wrap clients, the ten frames of Node may all be theirs. */
const FRAMES = 30

/**
 * Where a call came from, for the errors that it rejects with: their own frames are those of the socket that
 * brought the reply, or of a timer.
 */
export class CallerStack {
  declare readonly stack: string

  constructor() {
    // Its text is made only when somebody reads it.
    withStackFrames(Math.max(Error.stackTraceLimit, FRAMES), () => {
      Error.captureStackTrace(this, CallerStack)
    })
  }

  /** The error, with the frames of the call in place of its own. */
  addTo(error: unknown): unknown {
    if (!(error instanceof MemcacheError) || error instanceof MemcacheIllegalInputError)
      return error
    const frames = this.stack.slice(this.stack.indexOf('\n'))
    const value = `${error.name}: ${error.message}${frames}`
    return Object.defineProperty(error, 'stack', { value, configurable: true, writable: true })
  }

  /** The answer; what it rejects with has the frames of the call. */
  async ofAnswer<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      throw this.addTo(error)
    }
  }
}
