import {
  type Address,
  MemcacheIllegalInputError,
  parseAddress,
  type ServerSpec,
} from '@mc/protocol'

/** The addresses of several servers. @throws MemcacheIllegalInputError */
export function addressList(servers: Iterable<ServerSpec>): Address[] {
  if (typeof servers === 'string' || typeof servers?.[Symbol.iterator] !== 'function') {
    throw new MemcacheIllegalInputError(
      "servers must be an iterable of servers such as ['a:11211', 'b:11211'], not one server",
    )
  }
  return Array.from(servers, (server) => parseAddress(server))
}
