import { parseUint32 } from './c-number.ts'
import type { MetaFeatures } from './meta-features.ts'
import { parseMetaRequest } from './meta-request.ts'
import type { AuthenticationRequest, ParsedRequest, RefusedRequest } from './request.ts'
import { parseTextRequest, refused } from './text-request.ts'

/** Tokens that the server looks at, except in the keys of a retrieval. */
const MAX_TOKENS = 23

/** Reads a command line without its line end, given with one character per byte. */
export function parseRequestLine(line: string, features: MetaFeatures): ParsedRequest {
  const tokens = tokenize(line)
  const command = tokens[0]
  if (command === undefined || command.length < 2) return refused('ERROR')
  if (command.length === 2 && command.charCodeAt(0) === 0x6d) {
    return parseMetaRequest(tokens, features)
  }
  const retrieval = command.charCodeAt(0) === 0x67 || command === 'bget'
  return parseTextRequest(
    tokens.length > MAX_TOKENS && !retrieval ? tokens.slice(0, MAX_TOKENS) : tokens,
  )
}

/** The line that announces a login: `set <key> <any> <any> <length>`. */
export interface AuthenticationLine {
  readonly key: string
  /** Of the payload that follows, without its line end. */
  readonly length: number
}

export function parseAuthenticationLine(line: string): AuthenticationLine | RefusedRequest {
  const [word, key = '', , , length = ''] = tokenize(line)
  const bytes = word === 'set' ? parseUint32(length) : undefined
  return bytes === undefined ? refused('CLIENT_ERROR unauthenticated') : { key, length: bytes }
}

/**
 * Reads the payload that follows an authentication line, its line end included.
 *
 * @param user - where the payload is the password alone
 */
export function parseCredentials(
  payload: string,
  user?: string,
): AuthenticationRequest | RefusedRequest {
  if (!payload.endsWith('\r\n')) return refused('CLIENT_ERROR bad command line termination')
  if (user !== undefined) return { command: 'authenticate', user, password: payload.slice(0, -2) }
  return parseUserAndPassword(payload)
}

function parseUserAndPassword(payload: string): AuthenticationRequest | RefusedRequest {
  const [user, password] = tokenize(payload.slice(0, -2))
  if (user === undefined || password === undefined) {
    return refused('CLIENT_ERROR bad authentication token format')
  }
  return { command: 'authenticate', user, password }
}

/** Only spaces separate, and a NUL ends the line. */
function tokenize(line: string): string[] {
  const nul = line.indexOf('\0')
  const tokens = (nul === -1 ? line : line.slice(0, nul)).split(' ')
  return tokens.includes('') ? tokens.filter((token) => token !== '') : tokens
}
