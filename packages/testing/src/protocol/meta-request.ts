import { MAX_KEY_LENGTH } from '@mc/protocol'
import { decodeBase64 } from './base64.ts'
import { parseInt32, parseUint32, parseUint64 } from './c-number.ts'
import type { MetaFeatures } from './meta-features.ts'
import type { ParsedMetaFlags, ParsedRequest } from './request.ts'
import { BAD_FORMAT, MAX_LENGTH, refused } from './text-request.ts'

/** Most tokens on the line of a meta command. */
const MAX_META_TOKENS = 19
/** Longest opaque token, its letter included. */
const MAX_OPAQUE_LENGTH = 32
const BAD_TOKEN = 'CLIENT_ERROR bad token in command line format'
const OPAQUE_TOO_LONG = 'CLIENT_ERROR opaque token too long'

/** Reads a line whose first token has two characters, the first an m. */
export function parseMetaRequest(tokens: readonly string[], features: MetaFeatures): ParsedRequest {
  switch (tokens[0]) {
    case 'mg':
    case 'md':
    case 'ma':
      return keyed(tokens[0], tokens, features)
    case 'ms':
      return metaSet(tokens, features)
    case 'mn':
      return { command: 'mn', words: [], noreply: false }
    case 'me':
      return metaDebug(tokens, features)
    default:
      return refused('ERROR')
  }
}

/** True for an opaque token longer than the server copies. */
export function isOpaqueTooLong(token: string): boolean {
  return token.length > MAX_OPAQUE_LENGTH
}

function keyed(
  command: 'mg' | 'md' | 'ma',
  tokens: readonly string[],
  features: MetaFeatures,
): ParsedRequest {
  if (tokens.length < 2) return refused('ERROR')
  if ((tokens[1] as string).length > MAX_KEY_LENGTH) return refused(BAD_FORMAT)
  if (tokens.length > MAX_META_TOKENS) {
    return refused(`CLIENT_ERROR options flags ${command === 'mg' ? 'are ' : ''}too long`)
  }
  const parsed = new FlagParser(tokens, 2, features)
  if (parsed.error !== undefined) {
    return refused(command === 'mg' ? parsed.error : 'CLIENT_ERROR invalid or duplicate flag')
  }
  return { command, key: parsed.key, flags: parsed }
}

function metaSet(tokens: readonly string[], features: MetaFeatures): ParsedRequest {
  if (tokens.length < 2) return refused('ERROR')
  if ((tokens[1] as string).length > MAX_KEY_LENGTH || tokens.length === 2) {
    return refused(BAD_FORMAT)
  }
  if (tokens.length > MAX_META_TOKENS) return refused('CLIENT_ERROR options flags too long')
  const length = parseInt32(tokens[2] as string)
  if (length === undefined || length < 0 || length > MAX_LENGTH) return refused(BAD_FORMAT)

  // From here on the length of the payload is known, and it is read past after an error.
  const flags = new FlagParser(tokens, 3, features)
  if (flags.error !== undefined) return refused(flags.error, false, length)
  if (flags.mode !== '' && !'EAPRS'.includes(flags.mode)) {
    return refused('CLIENT_ERROR invalid mode for ms M token', false, length)
  }
  if (flags.tokens.some((token) => token[0] === 'O' && isOpaqueTooLong(token))) {
    return refused(OPAQUE_TOO_LONG, false, length)
  }
  return { command: 'ms', key: flags.key, flags, length, data: undefined }
}

/** Takes no flags but `b`, and that only in the first place. */
function metaDebug(tokens: readonly string[], features: MetaFeatures): ParsedRequest {
  if (tokens.length < 2 || (tokens[1] as string).length > MAX_KEY_LENGTH) return refused(BAD_FORMAT)
  const flags = new FlagParser(
    tokens[2] === 'b' ? tokens.slice(0, 3) : tokens.slice(0, 2),
    2,
    features,
  )
  return flags.error === undefined ? { command: 'me', key: flags.key, flags } : refused(BAD_FORMAT)
}

/** Reads all flags even after an error, as the last error is the one that the server reports. */
class FlagParser implements ParsedMetaFlags {
  readonly tokens: readonly string[]
  key: string
  error: string | undefined = undefined
  exptime: number | undefined = undefined
  vivify: number | undefined = undefined
  recache: number | undefined = undefined
  clientFlags = 0
  cas: bigint | undefined = undefined
  chosenCas: bigint | undefined = undefined
  mode = ''
  delta = 1n
  initial = 0n
  invalidate = false
  removeValue = false
  binaryKey = false
  value = false
  noUpdate = false
  quiet = false

  readonly #features: MetaFeatures

  constructor(tokens: readonly string[], first: number, features: MetaFeatures) {
    this.#features = features
    this.key = tokens[1] as string
    this.tokens = tokens.slice(first)
    let seenUpper = 0
    let seenLower = 0
    for (const token of this.tokens) {
      const code = token.charCodeAt(0)
      // Below the letters nothing is a flag, and need not be remembered.
      const bit = code < 64 ? 0 : 1 << (code & 31)
      if (code >= 127 || ((code < 96 ? seenUpper : seenLower) & bit) !== 0) {
        this.error = 'CLIENT_ERROR duplicate flag'
        return
      }
      if (code < 96) seenUpper |= bit
      else seenLower |= bit
      if (!this.#take(token)) {
        this.error = 'CLIENT_ERROR invalid flag'
        return
      }
    }
  }

  #take(token: string): boolean {
    switch (token[0]) {
      case 'v':
        this.value = true
        return true
      case 'q':
        this.quiet = true
        return true
      case 'u':
        this.noUpdate = true
        return true
      case 'I':
        this.invalidate = true
        return true
      case 'b':
        this.#decodeKey()
        return true
      case 'T':
        this.exptime = this.#int32(token)
        return true
      case 'N':
        this.vivify = this.#int32(token)
        return true
      case 'R':
        this.recache = this.#int32(token)
        return true
      case 'F':
        this.clientFlags = parseUint32(token.slice(1)) ?? this.#fail(this.error ?? BAD_FORMAT, 0)
        return true
      case 'C':
        this.cas = parseUint64(token.slice(1)) ?? this.#fail(BAD_TOKEN, 0n)
        return true
      case 'E':
        if (!this.#features.chosenCas) return false
        this.chosenCas = parseUint64(token.slice(1)) ?? this.#fail(BAD_TOKEN, 0n)
        return true
      case 'x':
        this.removeValue = this.#features.chosenCas
        return this.removeValue
      case 'J':
        this.initial =
          parseUint64(token.slice(1)) ??
          this.#fail('CLIENT_ERROR invalid numeric initial value', 0n)
        return true
      case 'D':
        this.delta =
          parseUint64(token.slice(1)) ?? this.#fail('CLIENT_ERROR invalid numeric delta value', 0n)
        return true
      case 'M':
        if (token.length !== 2) this.#fail('CLIENT_ERROR incorrect length for M token', '')
        else this.mode = token.charAt(1)
        return true
      default:
        return 'OPLlkstcfh'.includes(token.charAt(0))
    }
  }

  #int32(token: string): number {
    return parseInt32(token.slice(1)) ?? this.#fail(BAD_TOKEN, 0)
  }

  #decodeKey(): void {
    this.binaryKey = true
    this.key = decodeBase64(this.key) ?? this.#fail('CLIENT_ERROR error decoding key', '')
  }

  #fail<T>(error: string, value: T): T {
    this.error = error
    return value
  }
}
