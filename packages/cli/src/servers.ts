import { type Address, type Auth, addressName, parseAddress } from '@mc/protocol'
import { UsageError } from './exit.ts'

/** Servers and how they are reached, as far as their text says it. */
export interface ServerList {
  /** `host:port` or the path of a socket, in the order given, each once. */
  readonly servers: readonly string[]
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  readonly auth: Auth | undefined
}

/**
 * Reads servers with commas or blanks between them: `host`, `host:port`, `[::1]:11211`, `/path`,
 * `memcached://user:password@host:port`, or `memcacheds://` for TLS.
 *
 * @throws UsageError for what is not a server
 */
export function parseServers(texts: readonly string[]): ServerList {
  const servers = new Set<string>()
  let tls = false
  let username: string | undefined
  let password: string | undefined
  let auth: Auth | undefined
  for (const text of texts.flatMap((it) => it.split(/[\s,]+/)).filter((it) => it !== '')) {
    const address = addressOf(text)
    servers.add(addressName(address))
    const access = address.access?.()
    tls ||= access?.tls ?? false
    username = access?.username ?? username
    password = access?.password ?? password
    auth = access?.auth ?? auth
  }
  return { servers: [...servers], tls, username, password, auth }
}

function addressOf(text: string): Address {
  try {
    return parseAddress(text)
  } catch (error) {
    throw new UsageError(`not a server: ${(error as Error).message}`)
  }
}
