import { MemcacheIllegalInputError } from './errors.ts'
import { parseServerUrl, type ServerAccess } from './server-url.ts'

const DEFAULT_PORT = 11211
const MAX_PORT = 65_535

/** Where a server listens: a host and TCP port, or the path of a Unix socket. */
export type Address = (
  | { readonly host: string; readonly port: number }
  | { readonly path: string }
) & {
  /** How it is reached, where its URL says so. A function, so that nothing that shows an address shows a password. */
  readonly access?: AccessGiver | undefined
}

/** Returns what the URL of a server says beside its address. */
export type AccessGiver = () => ServerAccess

/**
 * A server as users write it. The port is 11211 unless given. As text: `host`, `host:port`, `[::1]`,
 * `[::1]:port`, `/path/of.sock` or `unix:path`; or as URL, `memcached://user:password@host:port?tls=true`, with
 * `memcacheds://` for TLS, in which `/path/of.sock` in place of host and port is a Unix socket. What a URL says comes before
 * the options of a client.
 */
export type ServerSpec =
  | string
  | readonly [host: string, port: number]
  | {
      readonly host: string
      readonly port?: number | undefined
      readonly access?: AccessGiver | undefined
    }
  | { readonly path: string; readonly access?: AccessGiver | undefined }

/**
 * The address that a spec means. IPv6 addresses lose their brackets. Without brackets, the text after
 * the last colon is a port only where the whole cannot be an IPv6 address; where both readings are
 * possible, as in `::1:9`, the spec is refused.
 *
 * @throws MemcacheIllegalInputError that says what is wrong and what is allowed
 */
export function parseAddress(spec: ServerSpec): Address {
  if (typeof spec === 'string') return parseText(spec)
  if (Array.isArray(spec)) {
    if (spec.length !== 2) illegal(`an array must be [host, port], got ${spec.length} elements`)
    return hostAddress(spec[0], spec[1])
  }
  if (typeof spec !== 'object' || spec === null) {
    illegal(`expected text, [host, port], { host, port } or { path }, got ${nameOfType(spec)}`)
  }
  const { host, port = DEFAULT_PORT, path, access } = spec as Readonly<Record<string, unknown>>
  if (access !== undefined && typeof access !== 'function') {
    illegal(`access must be a function, got ${nameOfType(access)}`)
  }
  if (path === undefined) return withAccess(hostAddress(host, port), access as AccessGiver)
  if (host !== undefined) illegal('an object has either a host or a path')
  return withAccess(pathAddress(path), access as AccessGiver)
}

/**
 * The name of a server, as pymemcache has it: `host:port`, IPv6 addresses without brackets
 * (`::1:11211`), or the path of the socket. Rendezvous hashing places keys by this text.
 */
export function addressName(address: Address): string {
  return 'path' in address ? address.path : `${address.host}:${address.port}`
}

function parseText(text: string): Address {
  if (text.startsWith('unix:')) return pathAddress(text.slice('unix:'.length))
  if (text.startsWith('/')) return pathAddress(text)
  if (/^memcacheds?:\/\//i.test(text)) return parseUrl(text)
  // Not shown in the message: a URL may hold a password.
  if (text.includes('://')) illegal('the schemes of URLs are memcached and memcacheds')
  if (text.startsWith('[')) return parseBracketed(text)

  const colon = text.lastIndexOf(':')
  if (colon === -1) return hostAddress(text, DEFAULT_PORT)
  const host = text.slice(0, colon)
  const port = text.slice(colon + 1)
  if (!isIPv6(text)) return hostAddress(host, parsePort(port))
  if (isIPv6(host) && DECIMAL.test(port) && isPort(Number(port))) {
    illegal(
      `${shown(text)} may be an IPv6 address or one with a port: write [${text}] or [${host}]:${port}`,
    )
  }
  return { host: text, port: DEFAULT_PORT }
}

function parseUrl(text: string): Address {
  const { host, port, path, access } = parseServerUrl(text)
  const address = host === undefined ? pathAddress(path) : placeOfUrl(host, port)
  return Object.keys(access).length === 0 ? address : withAccess(address, () => access)
}

function placeOfUrl(host: string, port: number = DEFAULT_PORT): Address {
  try {
    return hostAddress(host, port)
  } catch {
    // What cannot be read may be a part of a password.
    return illegal('host or port of the URL is invalid')
  }
}

function withAccess(address: Address, access: AccessGiver | undefined): Address {
  return access === undefined ? address : { ...address, access }
}

function parseBracketed(text: string): Address {
  const end = text.indexOf(']')
  if (end === -1) illegal(`${shown(text)} has no closing bracket`)
  const host = text.slice(0, end + 1)
  const rest = text.slice(end + 1)
  if (rest === '') return hostAddress(host, DEFAULT_PORT)
  if (!rest.startsWith(':')) illegal(`${shown(text)} goes on after the closing bracket`)
  return hostAddress(host, parsePort(rest.slice(1)))
}

function parsePort(text: string): number {
  if (!DECIMAL.test(text)) illegal(`port ${shown(text)} is not a decimal number`)
  return Number(text)
}

function hostAddress(host: unknown, port: unknown): Address {
  if (typeof host !== 'string') illegal(`host must be a string, got ${nameOfType(host)}`)
  if (!isPort(port)) illegal(`port must be an integer from 1 to ${MAX_PORT}, got ${shown(port)}`)
  const bare = /^\[(.*)\]$/.exec(host)?.[1] ?? host
  if (bare === '') illegal('host is empty')
  if (bare.includes(':') ? !isIPv6(bare) : !isHostName(bare)) {
    illegal(`${shown(host)} is neither a host name nor an IP address`)
  }
  if (NUMBERS.test(bare) && !isIPv4(bare)) {
    illegal(`host ${shown(host)} is a number, which the system would read as an IP address`)
  }
  return { host: bare, port }
}

function pathAddress(path: unknown): Address {
  if (typeof path !== 'string') illegal(`path must be a string, got ${nameOfType(path)}`)
  if (path === '') illegal('the path of the Unix socket is empty')
  if (path.includes('\0')) illegal('the path of the Unix socket contains NUL')
  return { path }
}

const DECIMAL = /^\d+$/

/** Names outside ASCII are left to the resolver, which knows their encoding. */
function isHostName(text: string): boolean {
  // A table of all letters takes a while to make, so few need it.
  return /^[\w.-]+$/.test(text) || /^[\p{L}\p{M}\p{N}._-]+$/u.test(text)
}

/** With or without a zone, as in `fe80::1%eth0`. */
const IPV6_SHAPE = /^([\da-f:.]*:[\da-f:.]*)(%[\w.-]+)?$/i

/** What the system reads as one IPv4 address or another: decimal, octal or hexadecimal parts, four or fewer. */
const NUMBERS = /^(0x[\da-f]*|\d+)(\.(0x[\da-f]*|\d+))*\.?$/i

function isIPv4(text: string): boolean {
  const parts = text.split('.')
  return (
    parts.length === 4 &&
    parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
  )
}

function isIPv6(text: string): boolean {
  const address = IPV6_SHAPE.exec(text)?.[1]
  return address !== undefined && URL.canParse(`http://[${address}]`)
}

function isPort(port: unknown): port is number {
  return Number.isInteger(port) && (port as number) >= 1 && (port as number) <= MAX_PORT
}

function shown(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') return nameOfType(value)
  if (value.includes('@')) return 'the text given'
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
}

function nameOfType(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : typeof value
}

const ALLOWED =
  "allowed are 'host', 'host:port', '[ipv6]', '[ipv6]:port', '/path', 'unix:path' and 'memcached://user:password@host:port'; several servers are for HashClient"

function illegal(what: string): never {
  throw new MemcacheIllegalInputError(`bad server address: ${what}; ${ALLOWED}`)
}
