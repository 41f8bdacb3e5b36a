import { createSocket, type Socket } from 'node:dgram'
import { promises as dns } from 'node:dns'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { type Answer, decode, encode, type Question } from 'dns-packet'

/** What is answered to a question: records; `undefined`: nothing ever; or bytes that are no answer. */
export type Answering = (
  question: Question,
) => Answer[] | keyof typeof FAILURES | Buffer | undefined

const AUTHORITATIVE = 0x0400
const FAILURES = { SERVFAIL: 2, NXDOMAIN: 3 } as const

/** What fits into a datagram where nothing else was agreed on. */
const DATAGRAM = 512
const TRUNCATED = 0x0200

/** A name server on loopback: over UDP, and over TCP for what is longer. */
export class DnsServer implements AsyncDisposable {
  readonly questions: Question[] = []
  answering: Answering
  readonly #socket: Socket
  readonly #tcp: Server

  static async start(answering: Answering = () => 'NXDOMAIN'): Promise<DnsServer> {
    for (;;) {
      const server = new DnsServer(answering)
      server.#tcp.listen(0, '127.0.0.1')
      await once(server.#tcp, 'listening')
      server.#socket.bind((server.#tcp.address() as AddressInfo).port, '127.0.0.1')
      try {
        await once(server.#socket, 'listening')
        return server
      } catch {
        // Another process has the port for datagrams.
        server.#tcp.close()
      }
    }
  }

  private constructor(answering: Answering) {
    this.answering = answering
    this.#socket = createSocket('udp4')
    this.#socket.on('message', (message, { port, address }) => {
      const reply = this.#replyTo(message)
      if (reply === undefined) return
      this.#socket.send(reply.length > DATAGRAM ? truncated(reply) : reply, port, address)
    })
    this.#tcp = createServer((socket) => {
      let received = Buffer.alloc(0)
      socket.on('error', () => {})
      socket.on('data', (bytes) => {
        received = Buffer.concat([received, bytes])
        while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
          const end = 2 + received.readUInt16BE()
          const reply = this.#replyTo(received.subarray(2, end))
          received = received.subarray(end)
          if (reply === undefined) continue
          const length = Buffer.alloc(2)
          length.writeUInt16BE(reply.length)
          socket.write(Buffer.concat([length, reply]))
        }
      })
    })
  }

  #replyTo(message: Buffer): Buffer | undefined {
    const { id, questions = [] } = decode(message)
    const [question] = questions as [Question]
    this.questions.push(question)
    const answer = this.answering(question)
    if (answer === undefined) return undefined
    if (Buffer.isBuffer(answer)) return Buffer.concat([message.subarray(0, 2), answer])
    const failure = typeof answer === 'string' ? FAILURES[answer] : 0
    return encode({
      type: 'response',
      id,
      flags: AUTHORITATIVE | failure,
      questions,
      answers: typeof answer === 'string' ? [] : answer,
    })
  }

  /** Asks this server alone. */
  resolver(timeout = 5000): dns.Resolver {
    const resolver = new dns.Resolver({ timeout, tries: 1 })
    resolver.setServers([`127.0.0.1:${this.#socket.address().port}`])
    return resolver
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    this.#tcp.close()
    await once(this.#socket, 'close')
  }
}

/** A reply without its records, which asks to come again by TCP. */
function truncated(reply: Buffer): Buffer {
  const { id, flags = 0, questions } = decode(reply)
  return encode({ type: 'response', id, flags: flags | TRUNCATED, questions })
}

/** Records of addresses. */
export function addresses(name: string, list: readonly string[], ttl = 30): Answer[] {
  return list.map((data) => ({ type: data.includes(':') ? 'AAAA' : 'A', name, ttl, data }))
}

/** A record of a server of the service `cache.test`. */
export function srv(target: string, port: number, priority = 0): Answer {
  const data = { target, port, priority, weight: 1 }
  return { type: 'SRV', name: 'cache.test', ttl: 5, data }
}
