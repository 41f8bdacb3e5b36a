import {
  type Command,
  type Dialect,
  MemcacheUnexpectedCloseError,
  ReplyParser,
  RequestWriter,
} from '@mc/protocol'
import type { EmbeddedServerState } from '../server/exchange.ts'
import { Session } from '../server/session.ts'

/** What the mock calls itself, where a client has the name of its server. */
export const MOCK_SERVER = 'mock'

/** A connection without a network: carries a command to an embedded server in this process, and its reply back. */
export class MockConnection {
  readonly #server: EmbeddedServerState
  readonly #dialect: Dialect
  readonly #out = new RequestWriter()
  #session: Session

  constructor(server: EmbeddedServerState, dialect: Dialect) {
    this.#server = server
    this.#dialect = dialect
    this.#session = this.#connect()
  }

  /** Has the command done; answers what gives the command its reply. */
  send(command: Command): () => void {
    command.write(this.#out, this.#dialect)
    const reply: Buffer[] = []
    for (const piece of this.#out.take().pieces) {
      let output = this.#session.receive(piece)
      if (output !== undefined) reply.push(output)
      while (this.#session.full) {
        output = this.#session.answer()
        if (output !== undefined) reply.push(output)
      }
    }
    if (this.#session.closed) this.#session = this.#connect()
    return () => settle(command, Buffer.concat(reply))
  }

  #connect(): Session {
    this.#server.store.counters.total_connections++
    return new Session(this.#server, MOCK_SERVER, MOCK_SERVER)
  }
}

function settle(command: Command, reply: Buffer): void {
  const parser = new ReplyParser({ server: MOCK_SERVER })
  parser.push(reply)
  const { endToken } = command
  try {
    while (endToken === undefined ? parser.next() : parser.nextRaw(endToken)) {
      if (command.read(parser)) return
    }
    if (command.endsConnection) command.resolve(undefined)
    else
      throw new MemcacheUnexpectedCloseError('the server closed the connection', {
        server: MOCK_SERVER,
        command: command.name,
      })
  } catch (error) {
    command.reject(error)
  }
}
