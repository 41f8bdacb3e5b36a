import type { Lease } from '@mc/protocol'
import { isOwnCas } from '@mc/protocol/toolkit'

/**
 * Which client's connection each lease came on. A server before 1.6.27 counts CAS tokens itself, and a lease that it
 * gave can only be ended on that connection.
 */
export class LeaseHolders<C extends object> {
  readonly #holders = new WeakMap<object, C>()
  readonly #gone = new WeakSet<C>()

  took({ origin }: Lease, client: C): void {
    if (origin !== undefined) this.#holders.set(origin, client)
  }

  /** The client that has to end the lease; `undefined` if any can, or none. */
  holderOf(lease: Lease): C | undefined {
    // Whatever it is, the client says what is wrong with it.
    const { cas, origin }: Partial<Lease> = lease ?? {}
    if (cas === undefined || isOwnCas(cas) || origin === undefined) return undefined
    const holder = this.#holders.get(origin)
    return holder === undefined || this.#gone.has(holder) ? undefined : holder
  }

  left(client: C): void {
    this.#gone.add(client)
  }
}
