import type { CommandOptions } from '@mc/protocol'
import type { Server } from './server.ts'

/** Runs one server's part of a call once the server is ready, with what is left of the call's time. */
export type WhenReady<V> = <T, O extends CommandOptions>(
  server: Server<V>,
  options: O | undefined,
  part: (options: O | undefined) => Promise<T>,
) => Promise<T>

/** The probes of dead servers that one call has started. That call may wait for them; no other does. */
export class Probes<V> {
  readonly #results: ReadonlyMap<Server<V>, Promise<boolean>>

  /** @param results - whether each server has come to life; none of them rejects */
  constructor(results: ReadonlyMap<Server<V>, Promise<boolean>>) {
    this.#results = results
  }

  /**
   * What the call waits for before it goes to a server, `undefined` if for nothing: the probe of that
   * server or, without a server, the first probe that finds one.
   */
  awaitedBy(server: Server<V> | undefined): Promise<unknown> | undefined {
    return server === undefined ? this.#firstAlive() : this.#results.get(server)
  }

  #firstAlive(): Promise<unknown> {
    const found = Array.from(this.#results.values(), async (result) => {
      if (!(await result)) throw new Error('still dead')
    })
    return Promise.any(found).catch(() => {})
  }
}
