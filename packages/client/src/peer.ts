import { MemcacheClosedError, MemcacheConnectError, MemcacheError } from '@mc/protocol'
import { messageOf } from '@mc/protocol/toolkit'

const USUAL_PORT = "memcached's port is usually 11211"

/** What servers of other protocols begin with when they are asked for `version`. */
const GREETINGS: readonly (readonly [RegExp, string])[] = [
  [/^\x15\x03/, 'the server speaks TLS: set the option tls'],
  [/^HTTP\//, `an HTTP server answered: ${USUAL_PORT}`],
  [/^[-+$*:]/, `a Redis server answered: ${USUAL_PORT}`],
  [/^SSH-/, `an SSH server answered: ${USUAL_PORT}`],
  [/^[\x80\x81]/, 'the server speaks the binary protocol only'],
]

/** The steps to a connection that is ready. */
export const Step = {
  access: 'waiting for the functions that give username, password and tls',
  connecting: 'connecting',
  tls: 'waiting for the TLS handshake',
  login: 'logging in',
  question: 'waiting for its first answer',
} as const

export type Step = (typeof Step)[keyof typeof Step]

/** Codes of OpenSSL for a certificate that nobody known has signed. */
const UNKNOWN_AUTHORITY = /SELF_SIGNED_CERT|^UNABLE_TO_(VERIFY|GET_ISSUER)/

/** How many bytes of what a server says first tell what it is. */
export const GREETING_LENGTH = 8

/**
 * What the peer may be that did not make the connection ready.
 *
 * @param greeting - the first bytes that came
 */
export function hintOf(step: Step, greeting: Buffer | undefined): string | undefined {
  if (greeting !== undefined) {
    const text = greeting.toString('latin1')
    return GREETINGS.find(([pattern]) => pattern.test(text))?.[1]
  }
  if (step === Step.connecting) return undefined
  if (step === Step.tls) return 'the server may not speak TLS'
  return 'it may expect TLS or the binary protocol: for TLS set the option tls'
}

/** Why a connection could not be made or was lost, in one line. */
export function reasonOf(cause: unknown): string {
  if (cause === undefined) return 'the server closed the connection'
  if (cause instanceof MemcacheError) return cause.reason
  const { errors, code } = cause as { readonly errors?: unknown; readonly code?: unknown }
  // One reason for each address of a name; an `AggregateError` has no message of its own.
  if (Array.isArray(errors) && errors.length > 0) return errors.map(reasonOf).join('; ')
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return 'the TLS handshake failed: the server does not speak TLS, so leave out the option tls'
  }
  // Messages of OpenSSL end with a line feed.
  const message = messageOf(cause).trim().replace(/\s+/g, ' ')
  if (UNKNOWN_AUTHORITY.test(String(code))) {
    return `${message}: give the certificate of its authority as tls: { ca }`
  }
  if (!message.includes('before secure TLS connection')) return message
  return `${message}: the server may not speak TLS`
}

/** The error of a connection that could not be made. */
export function connectError(cause: unknown, server: string): MemcacheError {
  if (cause instanceof MemcacheConnectError || cause instanceof MemcacheClosedError) return cause
  return new MemcacheConnectError(reasonOf(cause), { server, cause, written: false })
}
