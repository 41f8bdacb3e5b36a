import { type ParsedRequest, RequestParser } from '../protocol/index.ts'
import { runAdmin } from './admin-commands.ts'
import type { ConnectionInfo, EmbeddedServerState, Exchange } from './exchange.ts'
import type { Item } from './item.ts'
import { metaArithmetic, metaDelete, metaSet } from './meta-change.ts'
import { metaDebug, metaGet } from './meta-get.ts'
import { changeCounter, deleteItem, retrieve, storeItem, touchItem } from './text-commands.ts'

/** Bytes of output after which the connection has to take them before more requests are answered. */
const OUTPUT_LIMIT = 1_048_576
/** Requests after which memcached sends what it has, to let other connections have their turn. */
const BATCH_LENGTH = 21
/** First byte of a request of the binary protocol. */
const BINARY_REQUEST = 0x80

/** One connection: request bytes in, reply bytes out. */
export class Session implements Exchange, ConnectionInfo {
  readonly server: EmbeddedServerState
  readonly peer: string
  readonly local: string
  /** Among the connections of this server. */
  readonly number: number
  lastCommandAt: number
  batched = 0
  readonly #parser: RequestParser
  #isNew = true
  #authenticated: boolean
  #batch: number
  /** Length of the output at the start of the batch. */
  #batchStart = 0
  #requests = 0
  #full = false
  #hang: { readonly request: ParsedRequest; readonly released: Promise<void> } | undefined
  readonly #push: (line: string) => boolean
  #stopWatching: () => void = () => undefined
  #state: 'open' | 'closed' | 'watching' = 'open'

  /** @param push - sends a line that was not asked for; false when there is no room for it */
  constructor(
    server: EmbeddedServerState,
    peer: string,
    local: string,
    push: (line: string) => boolean = () => true,
  ) {
    this.server = server
    this.number = ++server.watchers.connections
    this.#push = push
    this.peer = peer
    this.local = local
    this.lastCommandAt = server.store.time.now
    this.#authenticated = server.credentials === undefined
    this.#parser = new RequestParser({
      maxDataLength: server.store.itemSizeMax,
      authentication: !this.#authenticated,
      authScheme: server.authScheme,
      features: server.features,
    })
    this.#batch = server.nextBatch()
  }

  /** True when the connection is to be closed once its output has left. */
  get closed(): boolean {
    return this.#state === 'closed'
  }

  /** True when there is so much output that requests are left over: send it, then call `answer`. */
  get full(): boolean {
    return this.#full
  }

  /**
   * Set while a fault keeps everything from being answered; resolves when that is over. Then call
   * `release`.
   */
  get hang(): Promise<void> | undefined {
    return this.#hang?.released
  }

  /** Answers what to send for what a fault has held back. */
  release(): Buffer | undefined {
    const request = this.#hang?.request
    this.#hang = undefined
    return this.answer(request)
  }

  /** Takes bytes of the client and answers what to send. */
  receive(chunk: Uint8Array): Buffer | undefined {
    if (this.#state !== 'open') return undefined
    this.server.store.counters.bytes_read += chunk.length
    if (this.#isNew && chunk[0] === BINARY_REQUEST) {
      this.server.log(
        `closed ${this.peer}: it speaks the binary protocol, and this server only text and meta`,
      )
      this.close()
      return undefined
    }
    this.#isNew = false
    this.#parser.push(chunk)
    return this.answer()
  }

  /**
   * Answers what to send for requests that were left over.
   *
   * @param first - the one to begin with, whatever faults there are
   */
  answer(first?: ParsedRequest): Buffer | undefined {
    if (this.#state !== 'open' || this.#hang !== undefined) return undefined
    const { store, writer } = this.server
    this.server.watchers.connection = this.number
    this.lastCommandAt = store.time.now
    this.#batchStart = 0
    this.#requests = 0
    for (let request = first ?? this.#next(); request !== undefined; request = this.#next()) {
      this.batched++
      this.#answer(request)
      if (this.#state !== 'open') break
      if (++this.#requests === BATCH_LENGTH) {
        this.#requests = 0
        this.flush()
      }
    }
    this.flush()
    const output = writer.take()
    if (output !== undefined) store.counters.bytes_written += output.length
    return output
  }

  hold(item: Item): void {
    item.heldBy = this.#batch
  }

  isHeld(item: Item): boolean {
    return item.heldBy === this.#batch
  }

  flush(): void {
    if (this.batched === 0) return
    this.batched = 0
    this.#batchStart = this.server.writer.length
    this.#batch = this.server.nextBatch()
  }

  drop(): void {
    this.server.writer.truncate(this.#batchStart)
    this.batched = 1
    this.#batch = this.server.nextBatch()
  }

  close(): void {
    this.#state = 'closed'
  }

  watch(topics: readonly string[]): void {
    this.#state = 'watching'
    this.#stopWatching = this.server.watchers.add(topics, this.#push)
  }

  /** The connection is gone. */
  end(): void {
    this.#stopWatching()
  }

  /** The next request to answer, once faults have had theirs; `undefined` when there is none for now. */
  #next(): ParsedRequest | undefined {
    const { commands, writer } = this.server
    for (;;) {
      this.#full = writer.length >= OUTPUT_LIMIT
      if (this.#full) return undefined
      const request = this.#parser.next()
      if (request === undefined || request.command === 'close') return request
      const met = commands.receive(request.command)
      if (met === undefined) return request
      switch (met.fault.kind) {
        case 'error':
          this.#refuse(request, met.fault.line)
          break
        case 'hang':
          this.#hang = { request, released: met.removed }
          return undefined
        case 'close':
          if (met.fault.line !== undefined) this.#refuse(request, met.fault.line)
          this.close()
          return undefined
      }
    }
  }

  #refuse(request: ParsedRequest, line: string): void {
    this.batched++
    if (!isSilent(request)) this.server.writer.line(line)
  }

  #answer(request: ParsedRequest): void {
    const line = this.#authenticated ? this.#run(request) : this.#authenticate(request)
    if (line !== undefined && !isSilent(request)) this.server.writer.line(line)
  }

  /** Answers a request: the line to send, if it has not written one itself. */
  #run(request: ParsedRequest): string | undefined {
    switch (request.command) {
      case 'mg':
        return metaGet(this, request)
      case 'ms':
        return metaSet(this, request)
      case 'get':
      case 'gets':
      case 'gat':
      case 'gats':
        return retrieve(this, request)
      case 'set':
      case 'add':
      case 'replace':
      case 'append':
      case 'prepend':
      case 'cas':
        return storeItem(this.server, request)
      case 'md':
        return metaDelete(this, request)
      case 'ma':
        return metaArithmetic(this, request)
      case 'me':
        return metaDebug(this, request)
      case 'delete':
        return deleteItem(this.server, request)
      case 'incr':
      case 'decr':
        return changeCounter(this, request)
      case 'touch':
        return touchItem(this.server, request)
      case 'refused':
        return request.reply
      case 'close':
        this.#abort()
        return undefined
      case 'authenticate':
        return undefined
      default:
        return runAdmin(this, request)
    }
  }

  /** Before authentication there is room for one reply only: a later one takes its place. */
  #authenticate(request: ParsedRequest): string | undefined {
    this.drop()
    if (request.command === 'refused') return request.reply
    if (request.command !== 'authenticate') {
      this.#abort()
      return undefined
    }
    const { credentials, store } = this.server
    store.counters.auth_cmds++
    if (credentials?.get(request.user) === request.password) {
      this.#authenticated = true
      this.#parser.authenticated()
      return 'STORED'
    }
    store.counters.auth_errors++
    return 'CLIENT_ERROR authentication failure'
  }

  /** Replies not yet sent are lost with the connection. */
  #abort(): void {
    this.drop()
    this.close()
  }
}

function isSilent(request: ParsedRequest): boolean {
  return 'noreply' in request && request.noreply
}
