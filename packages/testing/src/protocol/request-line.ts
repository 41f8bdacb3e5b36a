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

/**
 * Reads the line that announces user and password: `set <any> <any> <any> <length>`. Answers the
 * length of the payload.
 */
export function parseAuthenticationLine(line: string): number | RefusedRequest {
  const tokens = tokenize(line)
  const length = tokens[0] === 'set' ? parseUint32(tokens[4] ?? '') : undefined
  return length ?? refused('CLIENT_ERROR unauthenticated')
}

/** Reads the payload that follows an authentication line, its line end included. */
export function parseCredentials(payload: string): AuthenticationRequest | RefusedRequest {
  if (!payload.endsWith('\r\n')) return refused('CLIENT_ERROR bad command line termination')
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
