import type { Socket } from 'node:net'
import {
  type Address,
  type Command,
  MemcacheError,
  MemcacheUnexpectedCloseError,
  ReplyKind,
  ReplyParser,
} from '@mc/protocol'
import { clock, errorOfReply } from '@mc/protocol/toolkit'
import { Fifo } from './fifo.ts'
import type { ConnectionSettings } from './options.ts'
import { Outgoing } from './outgoing.ts'
import { connectError, GREETING_LENGTH, hintOf, reasonOf, Step } from './peer.ts'
import { openSocket, readyEvent, resetSocket } from './socket.ts'

/** An unwanted reply that goes on for this many timeouts may be endless. */
const LATE_LIMIT = 10

/**
 * Requests are handed to the socket when they come to this many bytes, or by `flush`. Fewer and larger
 * writes are faster until they are more than the kernel takes at once.
 */
const WRITE_SIZE = 512 * 1024

/** What a connection tells its owner. */
export interface ConnectionListener {
  /** More commands may be accepted than before. */
  onReady(): void
  /** The server refused the command; true if the listener settles it. */
  onRefused(command: Command, reply: ReplyParser): boolean
  /** The connection is gone; the commands left had no whole reply. */
  onClose(error: MemcacheError, left: Iterable<Command>): void
}

/**
 * One socket, from its start to its end, with all that must not outlive it: parser, buffers and the
 * queue of commands in flight, matched with replies in order.
 */
export class Connection {
  /** The requests to be sent. */
  readonly out: Outgoing
  /** When bytes last came, or the first of the commands in flight was sent. */
  heardAt = 0
  /** Whether any command was answered since the handshake. */
  hasAnswered = false
  /** What it waits for before it is ready, for errors. */
  step: Step = Step.connecting

  readonly #server: string
  readonly #socket: Socket
  readonly #parser: ReplyParser
  readonly #listener: ConnectionListener
  readonly #inFlight = new Fifo<Command>()
  readonly #ready: Promise<void>
  #rejectReady: (error: MemcacheError) => void = () => {}
  #bytes = 0
  #count = 0
  #isClosed = false
  #isEnding = false
  #isGivenUp = false
  /** The socket keeps the process alive. */
  #isHeld = true
  /** The first bytes that came. */
  #greeting: Buffer | undefined
  #headHasBegun = false
  #cause: Error | undefined
  #receiver = (chunk: Buffer): void => this.#receive(chunk)

  constructor(
    address: Address,
    server: string,
    settings: ConnectionSettings,
    listener: ConnectionListener,
  ) {
    this.#server = server
    this.#listener = listener
    this.#parser = new ReplyParser({ ...settings, server })
    this.out = new Outgoing(settings.tls !== undefined)
    this.#socket = openSocket(address, settings, (chunk) => this.#receiver(chunk))
    this.#ready = new Promise((resolve, reject) => {
      this.#socket.once(readyEvent(settings), resolve)
      this.#rejectReady = reject
    })
    this.#ready.catch(() => {})
    if (settings.tls !== undefined) {
      this.#socket.once('connect', () => {
        this.step = Step.tls
      })
    }
    // Nothing is sent behind the first sign of the end, which comes turns before `close`.
    this.#socket.on('error', (error) => {
      this.#cause ??= error
      this.#closed()
    })
    this.#socket.on('end', () => {
      this.#drop()
      this.#closed()
    })
    this.#socket.on('close', () => this.#closed())
    this.#socket.on('drain', () => this.#listener.onReady())
    this.#socket.resume()
  }

  /** Resolves when the socket is open, rejects with `MemcacheConnectError`. */
  get ready(): Promise<void> {
    return this.#ready
  }

  /** How many replies are due, those of settled commands included. */
  get inFlight(): number {
    return this.#count
  }

  /** The commands whose replies are due. */
  *commands(): Iterable<Command> {
    for (const command of this.#inFlight) yield* membersOf(command)
  }

  /** Bytes of the requests in flight. */
  get bytes(): number {
    return this.#bytes
  }

  /** Bytes that the socket has taken and not yet sent. */
  get hasUnsent(): boolean {
    return this.#socket.writableLength > 0
  }

  /**
   * Until when to wait for a reply that nobody wants any longer, so that those behind it arrive; undefined
   * when the next reply is wanted.
   */
  lateReplyUntil(timeout: number): number | undefined {
    const head = this.#inFlight.peek()
    if (head === undefined) return undefined
    const answered = membersOf(head)
    if (!answered.every((command) => command.isSettled)) return undefined
    if (head.endToken !== undefined) return 0
    // From the deadline on, so that those behind it have as much time; but an aborted call may have had
    // a deadline in an hour.
    const deadline = answered[0]?.deadline ?? this.heardAt
    const lateFrom = Math.max(this.heardAt, Math.min(deadline, this.heardAt + timeout))
    return Math.min(lateFrom + timeout, deadline + LATE_LIMIT * timeout)
  }

  /** @throws MemcacheError when the connection is gone */
  assertOpen(): void {
    if (this.#isClosed) throw this.#closeError(this.#cause)
  }

  /** The end came from the other side. */
  get wasClosedByServer(): boolean {
    return this.#isClosed && !this.#isGivenUp
  }

  /** Whether any byte of the command's reply has come. */
  hasBegunReply(command: Command): boolean {
    const head = this.#inFlight.peek()
    if (head === undefined || !membersOf(head).includes(command)) return false
    return this.#headHasBegun || !this.#parser.isBetweenReplies
  }

  /** What the peer may be that did not make the connection ready, for errors. */
  get hint(): string | undefined {
    return hintOf(this.step, this.#greeting)
  }

  /** Sets whether the socket keeps the process alive. */
  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return
    this.#isHeld = isHeld
    if (isHeld) this.#socket.ref()
    else this.#socket.unref()
  }

  /** Whether the command may be sent now. */
  accepts(command: Command): boolean {
    if (this.#isEnding || this.#socket.writableNeedDrain) return false
    // A raw reply cannot be told from another's, so nothing is in flight beside it.
    const head = this.#inFlight.peek()
    if (head !== undefined && (command.endToken ?? head.endToken) !== undefined) return false
    return head === undefined || this.out.fitsBatch(command)
  }

  /** Takes a command to be sent by the next `flush`. */
  append(command: Command, now: number): void {
    const isFirst = this.#inFlight.length === 0
    if (isFirst) this.out.beginBatch()
    let entry: Command | undefined
    try {
      // What the socket cannot take at once, or nobody waits for, may change before it is read.
      entry = this.out.add(command, command.isEarly || this.hasUnsent)
    } catch (error) {
      command.reject(error)
      return
    }
    if (isFirst) {
      this.hold(true)
      this.heardAt = now
    }
    if (entry !== undefined) this.#inFlight.push(entry)
    this.#isEnding ||= command.endsConnection
    this.#bytes += command.size
    this.#count += command.count
    // What the socket has not taken yet stays with the owner, who can still drop it.
    if (this.out.length >= WRITE_SIZE) this.flush()
  }

  /** Sends what was appended, in one write where it is small. */
  flush(): void {
    const output = this.out.take()
    if (output === undefined) return
    const { pieces, release } = output
    const onSent = release && ((error?: Error | null) => error || release())
    const last = pieces.length - 1
    if (last > 0) this.#socket.cork()
    for (let i = 0; i < last; i++) this.#socket.write(pieces[i] as Uint8Array)
    this.#socket.write(pieces[last] as Uint8Array, onSent)
    if (last > 0) this.#socket.uncork()
  }

  /**
   * Hands what an idle connection gets from now on to `receive`, which must not keep the chunk; the caller uses
   * the socket.
   */
  divert(receive: (chunk: Buffer) => void): Socket {
    this.#receiver = receive
    this.hold(true)
    return this.#socket
  }

  /** Gives the connection up. */
  destroy(error: MemcacheError): void {
    if (this.#isClosed) return
    this.#cause ??= error
    this.#isGivenUp = true
    this.#drop()
    this.#closed()
  }

  /**
   * Lets the socket go. What was sent and not answered must not arrive later, behind newer writes of
   * another connection: the kernel goes on sending it for a socket that is closed, for one that is reset
   * it does not.
   */
  #drop(): void {
    const head = this.#inFlight.peek()
    const isAnswered = head === undefined || head.endsConnection
    if (isAnswered && !this.hasUnsent) this.#socket.destroy()
    else resetSocket(this.#socket)
  }

  #receive(chunk: Buffer): void {
    if (this.#isClosed) return
    const parser = this.#parser
    const inFlight = this.#inFlight
    this.heardAt = clock()
    this.#greeting ??= Buffer.from(chunk.subarray(0, GREETING_LENGTH))
    parser.push(chunk)
    try {
      for (;;) {
        const command = inFlight.peek()
        if (command === undefined) {
          if (parser.isBetweenReplies) break
          // Whatever this is or becomes, nobody asked for it.
          parser.next()
          throw errorOfReply(parser, 'unasked reply')
        }
        const { endToken } = command
        if (!(endToken === undefined ? parser.next() : parser.nextRaw(endToken))) return
        const isRefused = parser.kind === ReplyKind.serverError
        if (!(isRefused && this.#listener.onRefused(command, parser)) && !command.read(parser)) {
          this.#headHasBegun = true
          continue
        }
        this.#headHasBegun = false
        // An answered `shutdown` was refused.
        if (command.endsConnection) this.#isEnding = false
        this.#bytes -= command.size
        this.#count -= command.count
        inFlight.shift()
        this.hasAnswered = true
      }
    } catch (error) {
      this.#outOfStep(error)
      return
    }
    this.hold(false)
    this.#listener.onReady()
  }

  /** The command whose reply broke the rules fails with what it got, all behind it with the close. */
  #outOfStep(cause: unknown): void {
    if (this.#isClosed) return
    const error = cause instanceof MemcacheError ? cause : this.#closeError(cause)
    this.#inFlight.shift()?.reject(error)
    this.destroy(error)
  }

  #closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#isEnding = true
    this.#rejectReady(connectError(this.#cause, this.#server))
    this.#listener.onClose(this.#closeError(this.#cause), this.commands())
  }

  #closeError(cause: unknown): MemcacheError {
    if (cause instanceof MemcacheError && this.#isGivenUp) return cause
    return new MemcacheUnexpectedCloseError(reasonOf(cause), { server: this.#server, cause })
  }
}

/** The commands that a reply answers. */
function membersOf(command: Command): readonly Command[] {
  return command.members ?? [command]
}
