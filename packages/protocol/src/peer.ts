import type { Lease } from './lease-methods.ts'
import type { CasToken } from './memcache-client.ts'

/** CAS tokens of as many digits are a client's own numbers (`LeaseNumbers`): no server has counted so far. */
const OWN_CAS_DIGITS = 19

/** Whether a CAS token is a number of a client's own, which means the same on every connection. */
export function isOwnCas(cas: CasToken): boolean {
  return cas.length >= OWN_CAS_DIGITS
}

/** The server at the other end of one connection, as far as leases are concerned. */
export class Peer {
  /** Whether it takes the CAS token of an item from its client (`E`, from 1.6.27 on). */
  readonly takesCas: boolean

  constructor(takesCas: boolean) {
    this.takesCas = takesCas
  }

  /** Whether the lease's CAS token means here what it meant where the lease came from. */
  knows({ cas, origin }: Lease): boolean {
    return origin === this || (cas !== undefined && isOwnCas(cas))
  }
}
