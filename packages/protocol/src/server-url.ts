import { illegalInput } from './errors.ts'

/** All that `Auth` can be. */
export const AUTHS = ['memcached', 'memcachier'] as const

/** The login that a server expects: that of memcached's option `-Y`, or that of MemCachier. */
export type Auth = (typeof AUTHS)[number]

/** What the URL of a server says beside its address. What it does not say is left out. */
export interface ServerAccess {
  /** `true` for `memcacheds://` and `tls=true`, `false` for `tls=false`. */
  readonly tls?: boolean
  /** Name of the user. */
  readonly username?: string
  /** The user's password. */
  readonly password?: string
  /** The parameter `auth`. */
  readonly auth?: Auth
}

/** The parts of a server's URL. */
export interface ServerUrl {
  /** `undefined` with a path. */
  readonly host: string | undefined
  readonly port: number | undefined
  /** Of a Unix socket. */
  readonly path: string | undefined
  readonly access: ServerAccess
}

const FORM =
  /^memcached(?<s>s?):\/\/((?<login>[^/?#]*)@)?(?<place>[^@/?#]*)(?<path>\/[^?#]*)?(\?(?<query>[^#]*))?$/i
const PLACE = /^(\[[^\]]*\]|[^:]+)(?::(\d+))?$/

/**
 * Reads `memcached://user:password@host:port?tls=true`, `memcacheds://` for TLS, or with a path and no host for a
 * Unix socket. Each part may be percent-encoded.
 *
 * @throws MemcacheIllegalInputError that shows no part of the text, any of which may be from a password
 */
export function parseServerUrl(text: string): ServerUrl {
  const parts = FORM.exec(text)?.groups
  if (parts === undefined) {
    illegal(
      "it must be memcached://user:password@host:port, with '@', '/', '?' and '#' of a password percent-encoded",
    )
  }
  const { s = '', login, place = '', path = '', query = '' } = parts
  const isSecure = s !== ''
  const access = { ...(isSecure && { tls: true }), ...loginOf(login), ...parametersOf(query) }
  if (isSecure && !access.tls) illegal('tls=false contradicts memcacheds')
  if (place === '') {
    if (path.length < 2) illegal('it has no host')
    return { host: undefined, port: undefined, path: decoded(path), access }
  }
  if (path.length > 1) illegal('it has a path behind the host')
  const [, host, port] = PLACE.exec(place) ?? illegal('its host or port is invalid')
  return {
    host: decoded(host as string),
    port: port === undefined ? undefined : Number(port),
    path: undefined,
    access,
  }
}

function loginOf(login: string | undefined): ServerAccess {
  if (login === undefined) return {}
  const colon = login.indexOf(':')
  if (colon === -1) return { username: word(login) }
  return { username: word(login.slice(0, colon)), password: word(login.slice(colon + 1)) }
}

function word(encoded: string): string {
  const text = decoded(encoded)
  if (!isLoginWord(text)) illegal('its user and password must be non-empty and without blanks')
  return text
}

/** Whether it can be a user or a password: a server splits at the first blank, and older ones drop what follows a second. */
export function isLoginWord(text: string): boolean {
  return text !== '' && !/[\s\0]/.test(text)
}

function parametersOf(query: string): ServerAccess {
  const access: { tls?: boolean; auth?: Auth } = {}
  for (const parameter of query.split('&')) {
    const [, name, value] = /^(tls|auth)=(.*)$/.exec(parameter) ?? []
    const auth = AUTHS.find((it) => it === value)
    if (name === 'tls' && access.tls === undefined && /^(true|false)$/.test(value ?? '')) {
      access.tls = value === 'true'
    } else if (name === 'auth' && access.auth === undefined && auth !== undefined) {
      access.auth = auth
    } else if (parameter !== '') {
      illegal(
        `its parameters may be tls=true, tls=false and auth=${AUTHS.join(' or auth=')}, each once`,
      )
    }
  }
  return access
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return illegal('its percent-encoding is invalid')
  }
}

function illegal(what: string): never {
  illegalInput(`bad URL of a server: ${what}`)
}
