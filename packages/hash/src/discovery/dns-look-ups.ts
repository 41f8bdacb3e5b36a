import type { RecordWithTtl, SrvRecord } from 'node:dns'
import type { ClusterNode } from './source.ts'

/** What is asked for records: a `Resolver` of `node:dns/promises`, or the like. */
export interface DnsResolver {
  /** The A records of a name. */
  resolve4(name: string, options: { readonly ttl: true }): Promise<RecordWithTtl[]>
  /** The AAAA records of a name. */
  resolve6(name: string, options: { readonly ttl: true }): Promise<RecordWithTtl[]>
  /** The SRV records of a name. */
  resolveSrv(name: string): Promise<SrvRecord[]>
}

/** Addresses that the DNS answers. */
export interface DnsAnswer {
  readonly nodes: ClusterNode[]
  /** Seconds for which all of it is valid. */
  readonly ttl: number
}

/** Names that are looked up at once. */
const WIDTH = 50

/** The name does not exist, or has no such record. */
const NO_RECORD: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA'])

export async function lookUpAddresses(
  resolver: DnsResolver,
  name: string,
  type: 'A' | 'AAAA',
  port: number,
): Promise<DnsAnswer> {
  const records = await addressesOf(resolver, name, type)
  return { nodes: records.map(({ address }) => ({ host: address, port })), ttl: leastTtl(records) }
}

/** The targets of SRV records, each with one of its addresses. One that has none is left out. */
export async function lookUpTargets(resolver: DnsResolver, name: string): Promise<ClusterNode[]> {
  const records = await resolver.resolveSrv(name)
  const best = records.reduce(
    (least, { priority }) => Math.min(least, priority),
    Number.POSITIVE_INFINITY,
  )
  const targets = records.filter(({ priority, name: target }) => priority === best && target !== '')
  const nodes: ClusterNode[] = []
  const left = targets.values()
  const work = async (): Promise<void> => {
    for (const { name: target, port } of left) {
      const host = target.replace(/\.$/, '').toLowerCase()
      const addresses = await anyAddressesOf(resolver, host)
      // Always the same one of several: a node that seems to move would lose its connections.
      const [ip] = addresses.map(({ address }) => address).sort()
      if (ip === undefined) continue
      nodes.push({ host, ip, port })
    }
  }
  await Promise.all(Array.from({ length: WIDTH }, work))
  return nodes
}

async function anyAddressesOf(resolver: DnsResolver, name: string): Promise<RecordWithTtl[]> {
  for (const type of ['A', 'AAAA'] as const) {
    try {
      return await addressesOf(resolver, name, type)
    } catch (error) {
      if (!NO_RECORD.has((error as { code?: unknown } | undefined)?.code)) throw error
    }
  }
  return []
}

function addressesOf(
  resolver: DnsResolver,
  name: string,
  type: 'A' | 'AAAA',
): Promise<RecordWithTtl[]> {
  const options = { ttl: true } as const
  return type === 'A' ? resolver.resolve4(name, options) : resolver.resolve6(name, options)
}

function leastTtl(records: readonly RecordWithTtl[]): number {
  return records.reduce((least, { ttl }) => Math.min(least, ttl), Number.POSITIVE_INFINITY)
}
