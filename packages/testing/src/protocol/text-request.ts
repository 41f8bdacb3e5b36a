import { MAX_KEY_LENGTH } from '@mc/protocol'
import { parseInt32, parseUint32, parseUint64 } from './c-number.ts'
import type { AdminCommand, ParsedRequest, RefusedRequest } from './request.ts'

export const BAD_FORMAT = 'CLIENT_ERROR bad command line format'
/** Largest length that leaves room for CR LF in a signed 32-bit number. */
export const MAX_LENGTH = 2_147_483_645

/** Reads a line of the text dialect, given as at least one token. */
export function parseTextRequest(tokens: readonly string[]): ParsedRequest {
  const command = tokens[0] as string
  switch (command) {
    case 'get':
    case 'gets':
      return retrieval(command, tokens)
    case 'bget':
      return retrieval('get', tokens)
    case 'gat':
    case 'gats':
      return retrieveAndTouch(command, tokens)
    case 'set':
    case 'add':
    case 'replace':
    case 'append':
    case 'prepend':
    case 'cas':
      return storage(command, tokens)
    case 'delete':
      return deletion(tokens)
    case 'incr':
    case 'decr':
      return arithmetic(command, tokens)
    case 'touch':
      return touch(tokens)
    case 'flush_all':
      return tokens.length > 3 ? refused('ERROR') : admin(command, tokens)
    case 'cache_memlimit':
    case 'verbosity':
      return tokens.length === 2 || tokens.length === 3 ? admin(command, tokens) : refused('ERROR')
    case 'extstore':
    case 'lru':
      return tokens.length < 2 ? refused('ERROR') : admin(command, tokens)
    case 'lru_crawler':
    case 'quit':
    case 'refresh_certs':
    case 'shutdown':
    case 'slabs':
    case 'stats':
    case 'version':
    case 'watch':
      return admin(command, tokens)
    default:
      return unknown(command, tokens)
  }
}

export function refused(reply: string, noreply = false, length?: number): RefusedRequest {
  return { command: 'refused', reply, noreply, length }
}

function retrieval(command: 'get' | 'gets', tokens: readonly string[]): ParsedRequest {
  if (tokens.length < 2) return refused('ERROR')
  return { command, keys: tokens.slice(1), exptime: 0 }
}

function retrieveAndTouch(command: 'gat' | 'gats', tokens: readonly string[]): ParsedRequest {
  if (tokens.length < 2) return refused('ERROR')
  const exptime = parseInt32(tokens[1] as string)
  if (exptime === undefined) return refused('CLIENT_ERROR invalid exptime argument')
  return { command, keys: tokens.slice(2), exptime }
}

/**
 * A line refused here leaves its payload to be read as commands: that is what the server does, and
 * why clients have to check their input.
 */
function storage(
  command: 'set' | 'add' | 'replace' | 'append' | 'prepend' | 'cas',
  tokens: readonly string[],
): ParsedRequest {
  const count = command === 'cas' ? 6 : 5
  if (tokens.length !== count && tokens.length !== count + 1) return refused('ERROR')
  const noreply = endsInNoreply(tokens)
  const key = tokens[1] as string
  const flags = parseUint32(tokens[2] as string)
  const exptime = parseInt32(tokens[3] as string)
  const length = parseInt32(tokens[4] as string)
  const cas = command === 'cas' ? parseUint64(tokens[5] as string) : 0n
  if (
    key.length > MAX_KEY_LENGTH ||
    flags === undefined ||
    exptime === undefined ||
    length === undefined ||
    cas === undefined ||
    length < 0 ||
    length > MAX_LENGTH
  ) {
    return refused(BAD_FORMAT, noreply)
  }
  return { command, key, flags, exptime, length, data: undefined, cas, noreply }
}

function deletion(tokens: readonly string[]): ParsedRequest {
  if (tokens.length < 2 || tokens.length > 4) return refused('ERROR')
  let noreply = false
  if (tokens.length > 2) {
    // An old form of the command had a time there, of which only 0 is still taken.
    const zero = tokens[2] === '0'
    noreply = endsInNoreply(tokens)
    const valid = tokens.length === 3 ? zero || noreply : zero && noreply
    if (!valid) {
      return refused(`${BAD_FORMAT}.  Usage: delete <key> [noreply]`, noreply)
    }
  }
  const key = tokens[1] as string
  if (key.length > MAX_KEY_LENGTH) return refused(BAD_FORMAT, noreply)
  return { command: 'delete', key, noreply }
}

function arithmetic(command: 'incr' | 'decr', tokens: readonly string[]): ParsedRequest {
  if (tokens.length !== 3 && tokens.length !== 4) return refused('ERROR')
  const noreply = endsInNoreply(tokens)
  const key = tokens[1] as string
  if (key.length > MAX_KEY_LENGTH) return refused(BAD_FORMAT, noreply)
  const delta = parseUint64(tokens[2] as string)
  if (delta === undefined) {
    return refused('CLIENT_ERROR invalid numeric delta argument', noreply)
  }
  return { command, key, delta, noreply }
}

function touch(tokens: readonly string[]): ParsedRequest {
  if (tokens.length !== 3 && tokens.length !== 4) return refused('ERROR')
  const noreply = endsInNoreply(tokens)
  const key = tokens[1] as string
  if (key.length > MAX_KEY_LENGTH) return refused(BAD_FORMAT, noreply)
  const exptime = parseInt32(tokens[2] as string)
  if (exptime === undefined) return refused('CLIENT_ERROR invalid exptime argument', noreply)
  return { command: 'touch', key, exptime, noreply }
}

function admin(command: AdminCommand, tokens: readonly string[]): ParsedRequest {
  const words = tokens.slice(1)
  const noreply = endsInNoreply(tokens) && takesNoreply(command, words)
  return { command, words, noreply }
}

function takesNoreply(command: AdminCommand, words: readonly string[]): boolean {
  switch (command) {
    case 'lru_crawler':
    case 'quit':
    case 'refresh_certs':
    case 'shutdown':
    case 'stats':
    case 'version':
      return false
    case 'slabs':
      return words[0] === 'automove' && words.length > 1
    default:
      return true
  }
}

/** What looks like a web browser's request is met by closing. */
function unknown(command: string, tokens: readonly string[]): ParsedRequest {
  const last = tokens[tokens.length - 1] as string
  // The server decides by the first letter, and does not look for web requests behind these.
  const claimed = 'gsacidt'.includes(command.charAt(0))
  return last.startsWith('HTTP/') && !claimed ? { command: 'close' } : refused('ERROR')
}

function endsInNoreply(tokens: readonly string[]): boolean {
  return tokens[tokens.length - 1] === 'noreply'
}
