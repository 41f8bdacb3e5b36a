import type { BlockList } from 'node:net'
import { isIP } from './is-ip.ts'

/** Addresses that lead to this machine, or to what serves it, such as its cloud's metadata. */
export type LocalKind = 'loopback' | 'link-local'

/**
 * What kind of local address a host is, in any notation that a resolver reads: `127.1`, `0x7f000001`,
 * `::ffff:127.0.0.1`, `localhost`. Other names are not looked up: what they lead to cannot be seen here.
 */
export function localKind(host: string): LocalKind | undefined {
  const plain = host.replace(/%.*$/, '').replace(/\.$/, '').toLowerCase()
  if (plain === 'localhost' || plain.endsWith('.localhost')) return 'loopback'
  const address = isIP(plain) === 0 ? numericAddress(plain) : plain
  switch (isIP(address)) {
    case 4:
      if (/^(0|127)\./.test(address)) return 'loopback'
      return address.startsWith('169.254.') ? 'link-local' : undefined
    case 6:
      subnets ??= ipv6Subnets()
      if (subnets.loopback.check(address, 'ipv6')) return 'loopback'
      return subnets['link-local'].check(address, 'ipv6') ? 'link-local' : undefined
    default:
      return undefined
  }
}

/** Under these IPv6 prefixes IPv4 addresses are reached: compatible, mapped, NAT64. */
const EMBEDDING = ['::', '::ffff:', '64:ff9b::']

let subnets: Readonly<Record<LocalKind, BlockList>> | undefined

function ipv6Subnets(): Readonly<Record<LocalKind, BlockList>> {
  const any = [...embedded('0.0.0.0', 8), ...embedded('127.0.0.0', 8)]
  // fd00:ec2 is that of Amazon's services of an instance.
  const linkLocal = ['fe80::/10', 'fd00:ec2::/32', ...embedded('169.254.0.0', 16)]
  return { loopback: blockList(['::/128', '::1/128', ...any]), 'link-local': blockList(linkLocal) }
}

function embedded(ipv4: string, length: number): string[] {
  return EMBEDDING.map((prefix) => `${prefix}${ipv4}/${96 + length}`)
}

function blockList(subnets: readonly string[]): BlockList {
  const list = new (process.getBuiltinModule('node:net').BlockList)()
  for (const subnet of subnets) {
    const [address = '', length] = subnet.split('/')
    list.addSubnet(address, Number(length), 'ipv6')
  }
  return list
}

/** A URL's host is read as an IPv4 address where a resolver would. */
function numericAddress(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host
}
