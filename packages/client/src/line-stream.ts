import type { Socket } from 'node:net'
import {
  type MemcacheError,
  MemcacheTimeoutError,
  MemcacheUnknownError,
  ReplyParser,
} from '@mc/protocol'
import { clock, errorOfReply, onAbort } from '@mc/protocol/toolkit'
import { Connection } from './connection.ts'
import { outsideCalls } from './context.ts'
import { DeadlineTimer } from './deadline-timer.ts'
import { Dialer } from './dialer.ts'
import { Failures } from './failures.ts'
import type { ServerSettings } from './options.ts'

/** A request whose answer is lines that come for as long as anybody reads them. */
export interface StreamRequest<T> {
  /** For errors. */
  readonly command: string
  readonly line: string
  /** The item of a line; `undefined` for a line that is none. */
  readonly parse: (line: string) => T | undefined
  /** The last line of the answer; `undefined`: there is none. */
  readonly end: string | undefined
  /** Milliseconds for which the server may be silent while an item is awaited; `undefined`: any. */
  readonly timeout: number | undefined
  readonly signal: AbortSignal | undefined
}

const LF = 10
const CR = 13
const EMPTY: Buffer = Buffer.alloc(0)

/**
 * Lines of one request, on a connection of its own that opens at the first `next()`. The socket is read only
 * while an item is awaited, so that no more than one read of it is in memory.
 */
export class LineStream<T> implements AsyncIterableIterator<T> {
  readonly #to: ServerSettings
  readonly #request: StreamRequest<T>
  readonly #onEnd: () => void
  readonly #timer: DeadlineTimer
  #connection: Connection | undefined
  #socket: Socket | undefined
  /** What was read and not parsed, from `#at` on. */
  #chunk = EMPTY
  #at = 0
  #heardAt = 0
  /** The server got more time, which happens once until it is heard: the process may stand still again and again. */
  #isForgiven = false
  #hasBegun = false
  #isDone = false
  #failure: unknown
  #waiter: { resolve(result: Promise<IteratorResult<T>>): void } | undefined
  #awaited: Promise<IteratorResult<T>> | undefined
  #unwatch: () => void = () => {}

  /** @param onEnd - called once, when the connection is gone or will not be made */
  constructor(to: ServerSettings, request: StreamRequest<T>, onEnd: () => void) {
    this.#to = to
    this.#request = request
    this.#onEnd = onEnd
    this.#timer = new DeadlineTimer(
      (stalled) => this.#onSilence(stalled),
      () => this.#heardAt,
    )
    const { signal } = request
    if (signal !== undefined) this.#unwatch = onAbort(signal, () => this.fail(signal.reason))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T>> {
    // Calls that overlap are answered in their order.
    if (this.#awaited !== undefined) {
      const again = (): Promise<IteratorResult<T>> => this.next()
      return this.#awaited.then(again, again)
    }
    const result = this.#taken()
    if (result !== undefined) return result
    const awaited = new Promise<IteratorResult<T>>((resolve) => {
      this.#waiter = { resolve }
    })
    this.#awaited = awaited
    this.#awaitLine()
    return awaited
  }

  /** Ends the stream and its connection. */
  return(): Promise<IteratorResult<T>> {
    this.fail(undefined)
    return Promise.resolve({ done: true, value: undefined })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  /** Drops what was read and ends the stream with an error, if there is one: the next call rejects with it. */
  fail(error: unknown): void {
    if (this.#isDone) return
    this.#chunk = EMPTY
    this.#at = 0
    this.#end(error)
    this.#settle()
  }

  #end(error?: unknown): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#failure = error
    this.#timer.clear()
    this.#unwatch()
    this.#connection?.destroy(new Failures(this.#to.place.server).closed())
    this.#onEnd()
  }

  /** Gives the waiting call what there is for it, if there is anything. */
  #settle(): void {
    const waiter = this.#waiter
    if (waiter === undefined) return
    const result = this.#taken()
    if (result === undefined) {
      this.#awaitLine()
      return
    }
    this.#timer.clear()
    this.#waiter = undefined
    this.#awaited = undefined
    waiter.resolve(result)
  }

  /** What the next call answers; `undefined` when more has to be read first. */
  #taken(): Promise<IteratorResult<T>> | undefined {
    const value = this.#nextItem()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (!this.#isDone) return undefined
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) return Promise.reject(failure)
    return Promise.resolve({ done: true, value: undefined })
  }

  /** The next item of what was read. A line that is none ends the stream. */
  #nextItem(): T | undefined {
    for (let line = this.#nextLine(); line !== undefined; line = this.#nextLine()) {
      const isFirst = !this.#hasBegun
      this.#hasBegun = true
      // Servers begin every watch with it, and dumps from 1.6.43.
      if (isFirst && line === 'OK') continue
      const item = this.#request.parse(line)
      if (item !== undefined) return item
      this.#chunk = EMPTY
      this.#at = 0
      this.#end(line === this.#request.end ? undefined : this.#errorOf(line))
    }
    return undefined
  }

  #nextLine(): string | undefined {
    const chunk = this.#chunk
    const end = chunk.indexOf(LF, this.#at)
    if (end < 0) {
      this.#chunk = chunk.subarray(this.#at)
      this.#at = 0
      const isTooLong = this.#chunk.length > this.#to.settings.maxLineLength
      if (isTooLong) {
        const place = { server: this.#to.place.server, command: this.#request.command }
        this.fail(new MemcacheUnknownError('the line is too long', place))
      }
      return undefined
    }
    // A string of its own for each line: a slice of a longer one would keep all of it in memory.
    const line = chunk.toString('latin1', this.#at, chunk[end - 1] === CR ? end - 1 : end)
    this.#at = end + 1
    return line
  }

  #awaitLine(): void {
    const { timeout } = this.#request
    if (this.#socket === undefined) {
      this.#open()
      return
    }
    if (timeout !== undefined) this.#timer.arm(clock() + timeout)
    this.#socket.resume()
  }

  #open(): void {
    if (this.#connection !== undefined) return
    const { address, place } = this.#to
    const { server } = place
    // Nothing is asked before the request but the login.
    const settings = { ...this.#to.settings, dialect: 'text' as const }
    const dialer = new Dialer(place, settings, (current) =>
      outsideCalls(() => {
        this.#connection = new Connection(address, server, current, {
          onReady: () => {},
          onRefused: () => false,
          onClose: (error) => this.#onClose(error),
        })
        return this.#connection
      }),
    )
    dialer.dial().then(
      (connection) => this.#begin(connection),
      (error: MemcacheError) => {
        this.fail(new Failures(server).undialed(error, this.#request.command))
      },
    )
  }

  #begin(connection: Connection): void {
    if (this.#isDone) return
    this.#socket = connection.divert((chunk) => this.#receive(chunk))
    this.#socket.write(`${this.#request.line}\r\n`)
    this.#awaitLine()
  }

  #receive(chunk: Buffer): void {
    this.#heardAt = clock()
    this.#isForgiven = false
    this.#socket?.pause()
    const rest = this.#chunk.subarray(this.#at)
    // The socket reads into the same memory again.
    this.#chunk = Buffer.concat([rest, chunk])
    this.#at = 0
    this.#settle()
  }

  #onClose(error: MemcacheError): void {
    // What fails before the stream has begun is what the dialer says.
    if (this.#socket === undefined) return
    this.#end(error)
    this.#settle()
  }

  #onSilence(stalled: number): void {
    const { timeout = 0, command } = this.#request
    if (this.#waiter === undefined) return
    if (stalled > 0 && !this.#isForgiven) {
      this.#isForgiven = true
      this.#timer.arm(clock() + timeout)
      return
    }
    const place = { server: this.#to.place.server, command, written: true }
    this.fail(new MemcacheTimeoutError(`no byte from the server for ${timeout} ms`, place))
  }

  #errorOf(line: string): MemcacheError {
    const reply = new ReplyParser({ server: this.#to.place.server })
    reply.push(Buffer.from(`${line}\r\n`, 'latin1'))
    reply.next()
    return errorOfReply(reply, this.#request.command)
  }
}
