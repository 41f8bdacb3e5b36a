import {
  type Command,
  CommandClient,
  type CommandClientEvents,
  type Dialect,
  MemcacheConnectError,
  MemcacheTimeoutError,
  MemcacheUnexpectedCloseError,
  ReplyParser,
  RequestWriter,
} from '@mc/protocol'
import { Peer } from '@mc/protocol/toolkit'
import type { Journal } from './journal.ts'
import type { ModelServer } from './model-server.ts'
import { type Value, valueSerde } from './source.ts'

const SERVER = 'model'

/** A command on its way, and its reply on the way back. */
export interface Message {
  readonly process: number
  readonly command: Command
  readonly request: Buffer
  /** Once the server has acted on it. */
  reply: Buffer | undefined
}

/** Requests arrive in their order, and so do the replies. */
interface Connection {
  readonly process: number
  readonly out: RequestWriter
  readonly requests: Message[]
  readonly replies: Message[]
  isOpen: boolean
}

/** Receives what happens in the network. */
export interface NetworkObserver {
  onArrival(message: Message): void
}

/** The connections of all processes to one server. Nothing moves on them by itself. */
export class Network {
  readonly #server: ModelServer
  readonly #journal: Journal
  readonly #dialect: Dialect
  readonly #observer: NetworkObserver
  readonly #connections: Connection[] = []
  readonly #cut = new Set<number>()

  constructor(server: ModelServer, journal: Journal, dialect: Dialect, observer: NetworkObserver) {
    this.#server = server
    this.#journal = journal
    this.#dialect = dialect
    this.#observer = observer
  }

  /** The requests that may arrive next: the first of each connection, broken ones included. */
  get arrivals(): Message[] {
    return this.#heads(({ requests }) => requests)
  }

  /** The replies that may arrive next. */
  get answers(): Message[] {
    return this.#heads(({ replies }) => replies)
  }

  send(process: number, command: Command, timeout: number): void {
    if (this.#cut.has(process)) {
      this.#journal.note(`${nameOf(process)}: ${command.name} is refused`)
      this.#journal.faultAll()
      command.reject(new MemcacheConnectError('refused', { server: SERVER, written: false }))
      return
    }
    const connection = this.#connectionOf(process)
    const { out } = connection
    const before = out.length
    try {
      command.write(out, this.#dialect)
    } catch (error) {
      out.truncate(before)
      this.#journal.note(`${nameOf(process)}: ${command.name} is not sent`)
      command.reject(error)
      return
    }
    const request = Buffer.concat(out.take().pieces)
    const message: Message = { process, command, request, reply: undefined }
    connection.requests.push(message)
    this.#journal.note(`${shown(message)} is sent`)
    command.deadline = performance.now() + timeout
    const place = { server: SERVER, command: command.name, written: true }
    const timer = setTimeout(
      () => command.reject(new MemcacheTimeoutError('no reply', place)),
      timeout,
    )
    command.onAnswer((error) => {
      clearTimeout(timer)
      if (error === undefined) return
      this.#journal.note(`${shown(message)} fails: ${error}`)
      this.#journal.fault(...keysOf(request))
    })
    command.written()
  }

  /** Lets the server act on a request. */
  async arrive(message: Message): Promise<void> {
    const connection = this.#take(message, ({ requests }) => requests)
    message.reply = await this.#server.exchange(message.request)
    this.#journal.note(`${shown(message)} arrives: ${message.reply.toString('latin1').trim()}`)
    this.#observer.onArrival(message)
    // What it wins then, nobody knows of.
    if (message.command.isSettled) this.#journal.fault(...keysOf(message.request))
    if (connection.isOpen) connection.replies.push(message)
  }

  /** Lets a reply arrive. */
  answer(message: Message): void {
    this.#take(message, ({ replies }) => replies)
    this.#journal.note(`${shown(message)} is answered`)
    settle(message.command, message.reply as Buffer)
  }

  /** Loses a request or its reply; the connection goes on. */
  lose(message: Message): void {
    this.#take(message, ({ requests, replies }) => (message.reply ? replies : requests))
    this.#journal.note(`${shown(message)} is lost`)
  }

  /** Lets the server refuse a request. */
  refuse(message: Message): void {
    this.#take(message, ({ requests }) => requests)
    this.#journal.note(`${shown(message)} is refused`)
    settle(message.command, Buffer.from('SERVER_ERROR out of memory\r\n'))
  }

  /** Breaks the connections of a process, or of all. What was written may arrive nevertheless. */
  break(process: number | undefined, arrivesLater: boolean): void {
    for (const connection of [...this.#connections]) {
      if (!connection.isOpen || (process !== undefined && connection.process !== process)) continue
      connection.isOpen = false
      const { requests, replies } = connection
      const lost = [...requests, ...replies]
      replies.length = 0
      if (!arrivesLater) requests.length = 0
      for (const { command } of lost) {
        const place = { server: SERVER, command: command.name, written: true }
        command.reject(new MemcacheUnexpectedCloseError('the connection is gone', place))
      }
    }
  }

  /** Ends all connections with the server, and all that was on its way. */
  async restart(): Promise<void> {
    this.break(undefined, false)
    for (const { requests } of this.#connections) requests.length = 0
    this.#connections.length = 0
    await this.#server.restart()
  }

  /** Refuses a process, until it is let in again. */
  cut(process: number, isCut: boolean): void {
    if (isCut) this.#cut.add(process)
    else this.#cut.delete(process)
  }

  #connectionOf(process: number): Connection {
    const open = this.#connections.find((it) => it.isOpen && it.process === process)
    if (open !== undefined) return open
    const out = new RequestWriter()
    out.peer = new Peer(this.#server.takesCas)
    const connection = { process, out, requests: [], replies: [], isOpen: true }
    this.#connections.push(connection)
    return connection
  }

  #heads(queueOf: (connection: Connection) => Message[]): Message[] {
    return this.#connections.flatMap((connection) => queueOf(connection).slice(0, 1))
  }

  #take(message: Message, queueOf: (connection: Connection) => Message[]): Connection {
    for (const connection of this.#connections) {
      const queue = queueOf(connection)
      const index = queue.indexOf(message)
      if (index < 0) continue
      queue.splice(index, 1)
      return connection
    }
    throw new Error('no such message')
  }
}

/** The client of one process. */
export class ModelClient extends CommandClient<Value, CommandClientEvents> {
  readonly server: string = SERVER
  readonly #network: Network
  readonly #process: number

  constructor(network: Network, process: number, now: () => number) {
    super({}, valueSerde, now)
    this.#network = network
    this.#process = process
  }

  async quit(): Promise<void> {}
  async close(): Promise<void> {}

  protected dispatch(command: Command, timeout: number): void {
    this.#network.send(this.#process, command, timeout)
  }
}

export function nameOf(process: number): string {
  return 'ABCDEFGHIJ'[process] ?? `process ${process}`
}

/** The keys that a request names, or whose values it carries. */
export function keysOf(request: Buffer): string[] {
  return [...new Set(request.toString('latin1').match(/\bk\d\b/g))]
}

function shown({ process, command, request }: Message): string {
  const line = request.toString('latin1').trim().replaceAll('\r\n', '|')
  return `${nameOf(process)}: ${command.name} <${line}>`
}

function settle(command: Command, reply: Buffer): void {
  const parser = new ReplyParser({ server: SERVER })
  parser.push(reply)
  try {
    while (parser.next()) if (command.read(parser)) return
    throw new Error(`${command.name} takes more than its reply`)
  } catch (error) {
    command.reject(error)
  }
}
