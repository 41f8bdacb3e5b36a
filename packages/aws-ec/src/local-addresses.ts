import { BlockList, isIP } from 'node:net'

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
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (isIP(address) === 0) return undefined
  if (LOOPBACK.check(address, family)) return 'loopback'
  return LINK_LOCAL.check(address, family) ? 'link-local' : undefined
}

/** Under these IPv6 prefixes IPv4 addresses are reached: compatible, mapped, NAT64. */
const EMBEDDING = ['::', '::ffff:', '64:ff9b::']

const LOOPBACK = blockList(['0.0.0.0/8', '127.0.0.0/8'], ['::/128', '::1/128'])

/** The last one is that of Amazon's services of an instance. */
const LINK_LOCAL = blockList(['169.254.0.0/16'], ['fe80::/10', 'fd00:ec2::/32'])

function blockList(ipv4: readonly string[], ipv6: readonly string[]): BlockList {
  const list = new BlockList()
  for (const subnet of ipv6) {
    const [address = '', length] = subnet.split('/')
    list.addSubnet(address, Number(length), 'ipv6')
  }
  for (const subnet of ipv4) {
    const [address = '', length] = subnet.split('/')
    list.addSubnet(address, Number(length), 'ipv4')
    for (const prefix of EMBEDDING) list.addSubnet(prefix + address, 96 + Number(length), 'ipv6')
  }
  return list
}

/** A URL's host is read as an IPv4 address where a resolver would. */
function numericAddress(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host
}
