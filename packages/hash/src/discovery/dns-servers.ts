import type { promises as dns } from 'node:dns'
import { MemcacheIllegalInputError } from '@mc/protocol'
import {
  checkMilliseconds,
  checkNumber,
  checkOneOf,
  checkOptionNames,
  mustBe,
  optionNames,
} from '@mc/protocol/toolkit'
import { type DnsResolver, lookUpAddresses, lookUpTargets } from './dns-look-ups.ts'
import { isIP } from './is-ip.ts'
import { distinct } from './list-source.ts'
import type { DiscoveryConnection, DiscoverySource, NodeList } from './source.ts'

/** Records that list servers. */
export type DnsRecordType = 'A' | 'AAAA' | 'SRV'

/** Options of `dnsServers`. */
export interface DnsServersOptions {
  /**
   * The records that list the servers: addresses, or `SRV` records, which have a name and a port for each. The
   * addresses of those names are looked up as well; `nodeName` says which of the two places keys.
   *
   * @default 'A'
   */
  readonly type?: DnsRecordType | undefined
  /** The port of servers that are listed by their addresses. @default 11211 */
  readonly port?: number | undefined
  /**
   * Milliseconds between two look-ups; where addresses are valid for longer, their TTL. That of `SRV` records is not known:
   * Node does not tell it.
   *
   * @default 10000
   */
  readonly interval?: number | undefined
  /** What is asked. @default a new `Resolver` for each look-up, which asks the name servers of the system */
  readonly resolver?: DnsResolver | undefined
}

interface DnsSettings {
  readonly type: DnsRecordType
  readonly port: number
  readonly interval: number
  readonly resolver: DnsResolver | undefined
}

const OPTIONS = optionNames<DnsServersOptions>({
  type: true,
  port: true,
  interval: true,
  resolver: true,
})

const NAME = /^(?=.{1,253}$)[\w-]{1,63}(\.[\w-]{1,63})*$/

/** Seconds. Longer TTLs are cut, so that a change is noticed within an hour. */
const MOST_TTL = 3600

/**
 * The servers that a name of the DNS lists: of a headless Kubernetes service, of Consul, of an autoscaling group.
 *
 * Name servers are asked, and not the system, whose look-ups occupy the threads that `fs` and `zlib` need: search
 * domains and `/etc/hosts` have no effect, so `name` must be whole. Of `SRV` records those of the best priority
 * count, whatever their weight.
 *
 * An answer that fails or is empty fails the poll: the client keeps the servers that it has, and says so by `error`.
 *
 * @param name - such as `cache.default.svc.cluster.local`; for `SRV` such as `_memcached._tcp.cache.example.com`
 * @throws MemcacheIllegalInputError for what is not a name, TypeError or RangeError for an invalid option
 */
export function dnsServers(name: string, options: DnsServersOptions = {}): DiscoverySource {
  checkOptionNames(options, OPTIONS)
  const { type = 'A', port = 11_211, interval = 10_000, resolver } = options
  checkOneOf('type', type, ['A', 'AAAA', 'SRV'])
  checkNumber('port', port, { integer: true, min: 1, max: 65_535 })
  checkMilliseconds('interval', interval)
  for (const method of ['resolve4', 'resolve6', 'resolveSrv'] as const) {
    if (resolver !== undefined && typeof resolver?.[method] !== 'function') {
      mustBe('resolver', 'a Resolver of node:dns/promises', resolver)
    }
  }
  return new DnsSource(wholeName(name), { type, port, interval, resolver })
}

class DnsSource implements DiscoverySource {
  readonly name: string
  readonly #host: string
  readonly #settings: DnsSettings

  constructor(host: string, settings: DnsSettings) {
    this.name = `${settings.type} records of ${host}`
    this.#host = host
    this.#settings = settings
  }

  async discover({ timeout }: DiscoveryConnection, signal: AbortSignal): Promise<NodeList> {
    const { type, port, interval } = this.#settings
    const given = this.#settings.resolver
    const own = given ? undefined : systemResolver(timeout ?? 5000)
    const resolver = given ?? (own as dns.Resolver)
    // The look-ups of a given one may be others' as well.
    const cancel = (): void => own?.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      const { nodes, ttl = 0 } =
        type === 'SRV'
          ? { nodes: await lookUpTargets(resolver, this.#host) }
          : await lookUpAddresses(resolver, this.#host, type, port)
      if (nodes.length === 0) throw new Error('the answer lists no server')
      return {
        nodes: distinct(nodes),
        validFor: Math.max(interval, 1000 * Math.min(ttl, MOST_TTL)),
      }
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }
}

/**
 * Asks the name servers of the system. Each try waits twice as long as the one before, beginning with a tenth of the time that
 * there is: one of several name servers may be silent, and a datagram may be lost.
 */
function systemResolver(timeout: number): dns.Resolver {
  // Loaded where it is used: a program without it starts sooner.
  const { Resolver } = process.getBuiltinModule('node:dns').promises
  return new Resolver({ timeout: Math.ceil(timeout / 10), tries: 4 })
}

function wholeName(name: string): string {
  const plain = typeof name === 'string' ? name.replace(/\.$/, '').toLowerCase() : ''
  if (NAME.test(plain) && isIP(plain) === 0) return plain
  const given = typeof name === 'string' ? `"${name.slice(0, 80)}"` : typeof name
  throw new MemcacheIllegalInputError(
    `name must be a name of the DNS, such as 'cache.example.com', got ${given}`,
  )
}
