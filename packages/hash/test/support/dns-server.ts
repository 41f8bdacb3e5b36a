import { createSocket, type Socket } from 'node:dgram'
import { promises as dns } from 'node:dns'
import { once } from 'node:events'
import { type Answer, decode, encode, type Question } from 'dns-packet'

/** What is answered to a question: records; `undefined`: nothing ever; or bytes that are no answer. */
export type Answering = (question: Question) => Answer[] | 'NXDOMAIN' | Buffer | undefined

const AUTHORITATIVE = 0x0400
const NXDOMAIN = 3

/** A name server on loopback. */
export class DnsServer implements AsyncDisposable {
  readonly questions: Question[] = []
  answering: Answering
  readonly #socket: Socket

  static async start(answering: Answering = () => 'NXDOMAIN'): Promise<DnsServer> {
    const server = new DnsServer(answering)
    server.#socket.bind(0, '127.0.0.1')
    await once(server.#socket, 'listening')
    return server
  }

  private constructor(answering: Answering) {
    this.answering = answering
    this.#socket = createSocket('udp4')
    this.#socket.on('message', (message, { port, address }) => {
      const { id, questions = [] } = decode(message)
      const [question] = questions as [Question]
      this.questions.push(question)
      const answer = this.answering(question)
      if (answer === undefined) return
      const isMissing = answer === 'NXDOMAIN'
      const reply = Buffer.isBuffer(answer)
        ? Buffer.concat([message.subarray(0, 2), answer])
        : encode({
            type: 'response',
            id,
            flags: AUTHORITATIVE | (isMissing ? NXDOMAIN : 0),
            questions,
            answers: isMissing ? [] : answer,
          })
      this.#socket.send(reply, port, address)
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
    await once(this.#socket, 'close')
  }
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
