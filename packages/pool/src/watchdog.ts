import { type CommandOptions, MemcacheTimeoutError } from '@mc/protocol'
import { onAbort } from '@mc/protocol/toolkit'
import { Waits } from './waits.ts'

/** Clients settle their own calls in time. One whose hooks hang does not: its call ends so many milliseconds later. */
export const GRACE = 20

/** Ends waits for calls that do not settle in time. */
export class Watchdog {
  readonly #waits = new Waits()

  /**
   * Makes a call on a client, which settles as that does, or rejects when its time is over or the signal aborts.
   *
   * @throws MemcacheTimeoutError, the signal's reason
   */
  call<C, R, O extends CommandOptions>(
    client: C,
    call: (client: C, options: O) => Promise<R>,
    options: O & { readonly timeout: number },
  ): Promise<R> {
    const { signal } = options
    const timeout = options.timeout + GRACE
    const work = call(client, options)
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        forget?.()
        this.#waits.delete(wait)
      }
      const fail = (reason: unknown): void => {
        settle()
        reject(reason)
      }
      const wait = {
        due: this.#waits.now() + timeout,
        expire: () =>
          fail(new MemcacheTimeoutError(`the call was not finished within ${timeout} ms`)),
      }
      this.#waits.add(wait)
      const forget = signal && onAbort(signal, () => fail(signal.reason))
      work.then((result) => {
        settle()
        resolve(result)
      }, fail)
    })
  }
}
