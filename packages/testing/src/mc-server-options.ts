import { readFileSync } from 'node:fs'
import type { MemcachedServerOptions } from './memcached-server.ts'

/** What is wrong with a command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const HELP: string = `mc-server: a memcached for tests, in the foreground

-p, --port=<num>           TCP port, -1 for any free one (default: 11211)
-s, --unix-socket=<file>   listen on this Unix socket and on no TCP port
-l, --listen=<addr>        address to listen on, with a port or without (default: 127.0.0.1)
-m, --memory-limit=<num>   megabytes for items (default: 64)
-I, --max-item-size=<num>  largest item in bytes, or with k or m behind (default: 1m)
-Y, --auth-file=<file>     ask for the users of this file, one user:password to a line
-Z, --enable-ssl           speak TLS, with the files that -o names
-o, --extended=<list>      ssl_chain_cert=<file>,ssl_key=<file>
-A, --enable-shutdown      let the shutdown command stop it
-h, --help                 print this
`

const MEGABYTE = 1_048_576
const NAMES: Readonly<Record<string, string>> = {
  port: 'p',
  'unix-socket': 's',
  listen: 'l',
  'memory-limit': 'm',
  'max-item-size': 'I',
  'auth-file': 'Y',
  'enable-ssl': 'Z',
  extended: 'o',
  'enable-shutdown': 'A',
  help: 'h',
}
const WITHOUT_VALUE = 'ZAh'

/**
 * Reads the command line of `mc-server`. `undefined` asks for help.
 *
 * @throws UsageError
 */
export function parseMcServerOptions(args: readonly string[]): MemcachedServerOptions | undefined {
  const given = readArguments(args)
  if (given.has('h')) return undefined
  const path = given.get('s')
  const listen = splitAddress(given.get('l') ?? '127.0.0.1')
  const port = listen.port ?? given.get('p') ?? '11211'
  return {
    ...(path === undefined ? { host: listen.host, port: parsePort(port) } : { path }),
    memoryLimit: parseNumber('-m', given.get('m') ?? '64', 1, 1_000_000) * MEGABYTE,
    itemSizeMax: parseSize(given.get('I') ?? '1m'),
    auth: parseUsers(given.get('Y')),
    tls: parseTls(given.has('Z'), given.get('o')),
    allowShutdown: given.has('A'),
  }
}

/** Values by letter; options may be written in all ways that getopt takes. */
function readArguments(args: readonly string[]): Map<string, string> {
  const given = new Map<string, string>()
  const rest = [...args]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const match = /^(?:--([a-z-]+)(?:=(.*))?|-([A-Za-z])(.*))$/s.exec(arg)
    if (match === null) throw new UsageError(`unexpected argument ${arg}`)
    const [, name, long, letter, attached] = match
    const option = letter ?? NAMES[name ?? '']
    if (option === undefined || !Object.values(NAMES).includes(option)) {
      throw new UsageError(`unknown option ${arg}`)
    }
    if (WITHOUT_VALUE.includes(option)) {
      given.set(option, '')
      if (attached !== undefined && attached !== '') rest.unshift(`-${attached}`)
      continue
    }
    const value = long ?? (attached || rest.shift())
    if (value === undefined) throw new UsageError(`option ${arg} needs a value`)
    given.set(option, value)
  }
  return given
}

function splitAddress(address: string): { host: string; port?: string } {
  if (address.includes(',')) throw new UsageError('-l takes one address')
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::([^:]*))?$/.exec(address)
  // A bare IPv6 address has no port.
  if (match === null) return { host: address }
  const host = match[1] ?? match[2] ?? ''
  return match[3] === undefined ? { host } : { host, port: match[3] }
}

function parsePort(text: string): number {
  const port = parseNumber('-p', text, -1, 65_535)
  if (port === 0) throw new UsageError('-p 0 leaves nothing to listen on: give a port, or -s')
  return Math.max(port, 0)
}

function parseSize(text: string): number {
  const match = /^(\d+)([kKmM]?)$/.exec(text)
  if (match === null) throw new UsageError(`-I must be a number of bytes, k or m, got ${text}`)
  const unit = { '': 1, k: 1024, m: MEGABYTE }[(match[2] ?? '').toLowerCase()] ?? 1
  const size = Number(match[1]) * unit
  if (size < 1024) throw new UsageError('-I must be at least 1024 bytes')
  if (size > 1024 * MEGABYTE) throw new UsageError('-I must be at most 1 gigabyte')
  return size
}

function parseUsers(file: string | undefined): Record<string, string> | undefined {
  if (file === undefined) return undefined
  const lines = readFile('-Y', file).split(/\r?\n/)
  const users = lines
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':')
      if (colon === -1) throw new UsageError(`-Y: each line of ${file} must be user:password`)
      return [line.slice(0, colon), line.slice(colon + 1)]
    })
  return Object.fromEntries(users) as Record<string, string>
}

function parseTls(
  enabled: boolean,
  extended: string | undefined,
): { key: string; cert: string } | undefined {
  const files = new Map<string, string>()
  for (const option of extended?.split(',') ?? []) {
    const [name = '', value] = option.split('=', 2)
    if (!['ssl_chain_cert', 'ssl_key'].includes(name) || !value) {
      throw new UsageError(`-o: unknown or incomplete option ${option}`)
    }
    files.set(name, value)
  }
  if (!enabled) return undefined
  const cert = files.get('ssl_chain_cert')
  const key = files.get('ssl_key')
  if (cert === undefined || key === undefined) {
    throw new UsageError('-Z needs -o ssl_chain_cert=<file>,ssl_key=<file>')
  }
  return { cert: readFile('-o ssl_chain_cert', cert), key: readFile('-o ssl_key', key) }
}

function readFile(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`${option}: ${(error as Error).message}`)
  }
}

function parseNumber(option: string, text: string, min: number, max: number): number {
  const number = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(number >= min && number <= max)) {
    throw new UsageError(`${option} must be a number from ${min} to ${max}, got ${text}`)
  }
  return number
}
