import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { type Address, type Auth, MemcacheConnectError } from '@mc/protocol'
import { AUTHS, checkOneOf, isLoginWord, messageOf, mustBe } from '@mc/protocol/toolkit'

/** A value, or a function that gives it for each attempt to connect. It gets the server's name. */
export type AtConnect<T> = T | ((server: string) => T | Promise<T>)

/** How a client secures a connection and logs in. */
export interface AccessOptions {
  /**
   * TLS: `true` for the defaults, or options of `tls.connect`; or a function that returns either at each attempt to
   * connect, such as for a certificate that is renewed.
   *
   * @default none
   */
  readonly tls?: AtConnect<boolean | TlsOptions> | undefined
  /** Name of the user to log in as; needs `password`. A function is called at each attempt to connect. */
  readonly username?: AtConnect<string> | undefined
  /**
   * The user's password; or a function that returns it at each attempt to connect, such as a token that expires.
   * It may be asynchronous, within `connectTimeout`. If it fails, so does the attempt, with MemcacheConnectError.
   */
  readonly password?: AtConnect<string> | undefined
  /**
   * The login that the server expects: that of memcached's option `-Y`, or that of MemCachier, which is a `set` of the
   * password under the user's name.
   *
   * @default 'memcached'
   */
  readonly auth?: Auth | undefined
}

/** The options of a client of this server: what its URL says comes before them. */
export function reaching<O extends AccessOptions>(options: O, { access }: Address): O {
  if (access === undefined) return options
  const said = access()
  return {
    ...options,
    ...said,
    tls: said.tls === true ? secured(options.tls) : (said.tls ?? options.tls),
  }
}

/** With TLS in any case. */
function secured(tls: AccessOptions['tls']): AccessOptions['tls'] {
  if (typeof tls === 'function') return async (server) => (await tls(server)) || true
  return tls || true
}

/** What one connection needs. */
export interface Access {
  readonly tls: TlsOptions | undefined
  readonly credentials: Credentials | undefined
}

export interface Credentials {
  readonly username: string
  readonly password: string
  readonly auth: Auth
}

/** What an attempt to connect needs, where a function has to be asked for it. */
export type AskForAccess = (server: string) => Promise<Access>

/** @throws TypeError for an invalid option */
export function accessOf(options: AccessOptions): Access | AskForAccess {
  const { tls = false, username, password } = options
  const auth = checkOneOf('auth', options.auth ?? 'memcached', AUTHS)
  if ((username === undefined) !== (password === undefined)) {
    throw new TypeError('username and password must both be strings, or functions that return them')
  }
  // What no function gives is checked now.
  const ready = (
    username: string | undefined,
    password: string | undefined,
  ): Credentials | undefined =>
    username === undefined || password === undefined ? undefined : { username, password, auth }
  const fixedTls = typeof tls === 'function' ? undefined : tlsOptions('tls', tls)
  const fixedName = typeof username === 'function' ? undefined : word('username', username)
  const fixedPassword = typeof password === 'function' ? undefined : word('password', password)
  if (![tls, username, password].some((it) => typeof it === 'function')) {
    return { tls: fixedTls, credentials: ready(fixedName, fixedPassword) }
  }
  return async (server) => {
    const [tlsNow, name, secret] = await Promise.all([
      typeof tls === 'function' ? ask('tls', tls, server, tlsOptions) : fixedTls,
      typeof username === 'function' ? ask('username', username, server, requiredWord) : fixedName,
      typeof password === 'function'
        ? ask('password', password, server, requiredWord)
        : fixedPassword,
    ])
    return { tls: tlsNow, credentials: ready(name, secret) }
  }
}

/** @throws MemcacheConnectError whose message shows nothing of what the function gave: it may hold a secret. What it failed with is the cause. */
async function ask<T, R>(
  name: string,
  give: (server: string) => T | Promise<T>,
  server: string,
  check: (name: string, value: T) => R,
): Promise<R> {
  let value: T
  try {
    value = await give(server)
  } catch (cause) {
    throw new MemcacheConnectError(`the function ${name} failed`, { server, cause, written: false })
  }
  try {
    return check(name, value)
  } catch (error) {
    const message = `what the function ${name} returned is invalid: ${messageOf(error)}`
    throw new MemcacheConnectError(message, { server, written: false })
  }
}

function tlsOptions(name: string, tls: boolean | TlsOptions): TlsOptions | undefined {
  if (typeof tls === 'boolean') return tls ? {} : undefined
  if (typeof tls === 'object' && tls !== null) return tls
  return mustBe(name, 'a boolean, options of tls.connect, or a function that returns either', tls)
}

function word(name: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : requiredWord(name, text)
}

function requiredWord(name: string, text: string): string {
  if (typeof text !== 'string') mustBe(name, 'a string, or a function that returns one', text)
  if (!isLoginWord(text)) {
    throw new TypeError(`${name} must be a string that is not empty and has no blanks`)
  }
  return text
}
