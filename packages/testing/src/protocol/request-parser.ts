import type { Auth } from '@mc/protocol'
import { type MetaFeatures, metaFeatures } from './meta-features.ts'
import type { MetaSetRequest, ParsedRequest, RefusedRequest, StorageRequest } from './request.ts'
import { parseAuthenticationLine, parseCredentials, parseRequestLine } from './request-line.ts'

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
/** Bytes that may have come of a line without its end, unless they begin a `get` or `gets`. */
const MAX_UNFINISHED_LENGTH = 2048
/** The server reads so much at once, and again when it has run each command that it read whole. */
const READ_LENGTH = 16_384
/** Leading spaces after which a long line is no longer taken for a `get`. */
const MAX_INDENT = 100
/** The server reads user and password within its read buffer, and gives up when that is full. */
const MAX_CREDENTIALS_LENGTH = 16_384
const NOTHING: Buffer = Buffer.alloc(0)

export interface RequestParserOptions {
  /**
   * Longest payload to keep, in bytes. Longer ones are read past, and their request has no data.
   *
   * @default 1048576
   */
  readonly maxDataLength?: number
  /** Expect user and password first, until `authenticated` is called. @default false */
  readonly authentication?: boolean
  /** The form of the login: user and password as the value, or the password as the value of the user's key. @default 'memcached' */
  readonly authScheme?: Auth
  /** What meta commands can do. @default what they can in 1.6.18 */
  readonly features?: MetaFeatures
}

type PayloadRequest = StorageRequest | MetaSetRequest | RefusedRequest

/**
 * Cuts a client's bytes into requests as a 1.6.18 server does. Any split of the bytes gives the same
 * requests as long as no line is longer than 2048 bytes. A longer one is read if it is a `get` or `gets`, or
 * if its end comes with the rest of it, within the 16,384 bytes that the server reads at once: each chunk that is
 * pushed is taken for what had arrived when the server read. Any other closes.
 *
 * Push what arrived, then take requests until there are no more:
 *
 * ```ts
 * parser.push(chunk)
 * for (let request = parser.next(); request !== undefined; request = parser.next()) answer(request)
 * ```
 */
export class RequestParser {
  readonly #maxDataLength: number
  readonly #features: MetaFeatures
  readonly #authScheme: Auth
  #authenticating: boolean
  /** Unread bytes are those from `#start` to `#end`. */
  #buffer: Buffer = NOTHING
  #start = 0
  #end = 0
  /** Where to look on for a line end. */
  #scanned = 0
  /** End of what the server has read by now. */
  #read = 0
  /** True for a buffer of our own, which has room after `#end` and may be written. */
  #own = false
  /** The request whose payload is being read. */
  #pending: PayloadRequest | undefined
  #payload: Buffer | undefined
  #received = 0
  /** Bytes of user and password to come, CR LF included. */
  #credentials = 0
  /** Of a login whose payload is the password alone. */
  #user: string | undefined
  #closed = false

  /** @throws RangeError for a `maxDataLength` that is not a whole number of bytes */
  constructor({
    maxDataLength = 1_048_576,
    authentication = false,
    authScheme = 'memcached',
    features = metaFeatures('1.6.18'),
  }: RequestParserOptions = {}) {
    if (!Number.isSafeInteger(maxDataLength) || maxDataLength < 0) {
      throw new RangeError(`maxDataLength must be a whole number of bytes, got ${maxDataLength}`)
    }
    this.#maxDataLength = maxDataLength
    this.#features = features
    this.#authenticating = authentication
    this.#authScheme = authScheme
  }

  /** Adds bytes. They are not to be changed until `next` has answered `undefined`. */
  push(chunk: Uint8Array): void {
    if (this.#closed || chunk.length === 0) return
    if (this.#start === this.#end) {
      this.#buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      this.#start = 0
      this.#end = chunk.length
      this.#scanned = 0
      this.#read = 0
      this.#own = false
      return
    }
    if (!this.#own || this.#end + chunk.length > this.#buffer.length) {
      this.#move(this.#end - this.#start + chunk.length)
    }
    this.#buffer.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** The next whole request, or `undefined` until more bytes are pushed. */
  next(): ParsedRequest | undefined {
    if (this.#closed) return undefined
    if (this.#pending !== undefined) return this.#readPayload(this.#pending)
    return this.#authenticating ? this.#readAuthentication() : this.#readRequest()
  }

  /** Reads commands from here on. To be called before the next `next`. */
  authenticated(): void {
    this.#authenticating = false
  }

  #readRequest(): ParsedRequest | undefined {
    const line = this.#readLine()
    if (line === undefined) return this.#closed ? { command: 'close' } : undefined
    const request = parseRequestLine(line, this.#features)
    switch (request.command) {
      case 'set':
      case 'ms':
      case 'add':
      case 'replace':
      case 'append':
      case 'prepend':
      case 'cas':
        return this.#beginPayload(request, request.length)
      case 'refused':
        return request.length === undefined ? request : this.#beginPayload(request, request.length)
      case 'close':
        this.#close()
        return request
      default:
        return request
    }
  }

  /** A line without its line end, `undefined` while it is not whole. Closes at one that is too long. */
  #readLine(): string | undefined {
    const lineEnd = this.#findLineEnd()
    if (lineEnd === -1) return undefined
    const hasCr = lineEnd - this.#start > 1 && this.#buffer[lineEnd - 1] === CR
    const line = this.#buffer.toString('latin1', this.#start, hasCr ? lineEnd - 1 : lineEnd)
    this.#start = this.#scanned = lineEnd + 1
    return line
  }

  /** Where the line ends; -1 while it is not whole, and when it is too long, which closes. */
  #findLineEnd(): number {
    // A buffer of our own has old bytes behind its end.
    const bytes = this.#own ? this.#buffer.subarray(0, this.#end) : this.#buffer
    const lineEnd = bytes.indexOf(LF, this.#scanned)
    this.#scanned = lineEnd === -1 ? this.#end : lineEnd
    this.#read = Math.max(this.#read, this.#start)
    while (lineEnd === -1 || lineEnd >= this.#read) {
      if (this.#read - this.#start > MAX_UNFINISHED_LENGTH) {
        if (!this.#authenticating && this.#beginsRetrieval()) return lineEnd
        this.#close()
        return -1
      }
      if (this.#read === this.#end) return -1
      this.#read = Math.min(this.#start + READ_LENGTH, this.#end)
    }
    return lineEnd
  }

  #beginsRetrieval(): boolean {
    let start = this.#start
    while (start < this.#end && this.#buffer[start] === SPACE) start++
    if (start - this.#start > MAX_INDENT) return false
    const word = this.#buffer.toString('latin1', start, Math.min(start + 5, this.#end))
    return word === 'gets ' || word.startsWith('get ')
  }

  #beginPayload(request: PayloadRequest, length: number): ParsedRequest | undefined {
    this.#pending = request
    this.#received = 0
    const kept = request.command !== 'refused' && length <= this.#maxDataLength
    this.#payload = kept ? Buffer.allocUnsafe(length + 2) : undefined
    return this.#readPayload(request)
  }

  #readPayload(request: PayloadRequest): ParsedRequest | undefined {
    const length = (request.length as number) + 2
    const taken = Math.min(this.#end - this.#start, length - this.#received)
    const from = this.#start
    this.#start = this.#scanned = from + taken
    if (this.#payload !== undefined) {
      this.#buffer.copy(this.#payload, this.#received, from, from + taken)
    }
    this.#received += taken
    if (this.#received < length) return undefined
    if (request.command !== 'refused') request.data = withoutLineEnd(this.#payload)
    this.#pending = undefined
    this.#payload = undefined
    return request
  }

  #readAuthentication(): ParsedRequest | undefined {
    if (this.#credentials === 0) {
      // A single byte is left alone until there is another.
      if (this.#end - this.#start < 2) return undefined
      const lineEnd = this.#findLineEnd()
      if (lineEnd === -1) return this.#closed ? { command: 'close' } : undefined
      const login = parseAuthenticationLine(this.#buffer.toString('latin1', this.#start, lineEnd))
      this.#start = this.#scanned = lineEnd + 1
      if ('command' in login) return login
      this.#credentials = login.length + 2
      this.#user = this.#authScheme === 'memcachier' ? login.key : undefined
    }
    const available = this.#end - this.#start
    if (available < this.#credentials) {
      return available < MAX_CREDENTIALS_LENGTH ? undefined : this.#close()
    }
    const end = this.#start + this.#credentials
    const payload = this.#buffer.toString('latin1', this.#start, end)
    this.#start = this.#scanned = end
    this.#credentials = 0
    return parseCredentials(payload, this.#user)
  }

  #close(): ParsedRequest {
    this.#closed = true
    this.#buffer = NOTHING
    this.#start = this.#end = 0
    return { command: 'close' }
  }

  /** Moves the unread bytes to the front of a buffer of our own with room for `length` bytes. */
  #move(length: number): void {
    const unread = this.#buffer.subarray(this.#start, this.#end)
    const scanned = this.#scanned - this.#start
    const read = this.#read - this.#start
    if (!this.#own || length > this.#buffer.length) {
      // Twice the need, so that a long line in many small pieces is copied a few times only.
      this.#buffer = Buffer.allocUnsafe(length * 2)
      this.#own = true
    }
    this.#buffer.set(unread)
    this.#start = 0
    this.#end = unread.length
    this.#scanned = scanned
    this.#read = read
  }
}

function withoutLineEnd(payload: Buffer | undefined): Buffer | undefined {
  if (payload === undefined) return undefined
  const length = payload.length - 2
  return payload[length] === CR && payload[length + 1] === LF
    ? payload.subarray(0, length)
    : undefined
}
