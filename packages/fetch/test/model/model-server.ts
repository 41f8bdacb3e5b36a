import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { MockMemcacheClient } from '@mc/testing'

/** A server that acts on a request when the schedule lets it arrive, whoever sent it. */
export interface ModelServer {
  /** Whether it takes the CAS tokens of items from its clients. */
  readonly takesCas: boolean
  /** Whether its items expire by the clock of the schedule. */
  readonly hasClock: boolean
  /** Acts on one request; answers its reply. */
  exchange(request: Uint8Array): Promise<Buffer>
  /** Starts it anew, without its items and with its CAS tokens from the first on. */
  restart(): Promise<void>
}

// A reply between two others is whole when the second of them has come, whatever it is.
const HEAD = 'MN\r\n'
const TAIL = '\r\nMN\r\n'

/** The embedded server, without a network before it. */
export class EmbeddedModelServer implements ModelServer {
  readonly takesCas: boolean
  readonly hasClock = true
  readonly #version: string
  readonly #now: () => number
  #mock: MockMemcacheClient

  constructor(version: string, now: () => number) {
    this.takesCas = version !== '1.6.18'
    this.#version = version
    this.#now = now
    this.#mock = this.#start()
  }

  async exchange(request: Uint8Array): Promise<Buffer> {
    const framed = Buffer.concat([Buffer.from('mn\r\n'), request, Buffer.from('mn')])
    const reply = await this.#mock.rawCommand(framed, { endToken: TAIL })
    return Buffer.concat([reply.subarray(HEAD.length), Buffer.from('\r\n')])
  }

  async restart(): Promise<void> {
    this.#mock = this.#start()
  }

  #start(): MockMemcacheClient {
    return new MockMemcacheClient({ now: this.#now, version: this.#version })
  }
}

/**
 * Seconds by which items of a memcached live longer than they are to: its clock goes on while a schedule's stands still, and
 * an item of one second may be gone at once.
 */
const LONGER = 1000

/** A memcached, over one connection for all. Its clock is its own, so that none of its items expires. */
export class RealModelServer implements ModelServer {
  readonly takesCas: boolean
  readonly hasClock = false
  readonly #socket: Socket

  static async connect(port: number): Promise<RealModelServer> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    const version = String(await exchange(socket, Buffer.from('version\r\n')))
    return new RealModelServer(socket, Number(/1\.6\.(\d+)/.exec(version)?.[1] ?? 0) >= 27)
  }

  private constructor(socket: Socket, takesCas: boolean) {
    this.#socket = socket
    this.takesCas = takesCas
  }

  async exchange(request: Uint8Array): Promise<Buffer> {
    const longer = onFirstLine(request, (line) => {
      return line
        .replace(/(?<= [TNR])[1-9]\d*/g, (seconds) => String(Number(seconds) + LONGER))
        .replace(/(?<=^(?:set|add|replace|cas) \S+ \d+ )[1-9]\d*/, (seconds) =>
          String(Number(seconds) + LONGER),
        )
    })
    const reply = await exchange(this.#socket, longer)
    return onFirstLine(reply, (line) => {
      return line.replace(/(?<= t)\d+/, (seconds) => String(Number(seconds) - LONGER))
    })
  }

  /** Its items go; its CAS tokens go on. */
  async restart(): Promise<void> {
    for (const key of ['k0', 'k1']) await this.exchange(Buffer.from(`md ${key}\r\n`))
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}

function onFirstLine(bytes: Uint8Array, change: (line: string) => string): Buffer {
  const text = Buffer.from(bytes).toString('latin1')
  const end = text.indexOf('\r\n')
  return Buffer.from(change(text.slice(0, end)) + text.slice(end), 'latin1')
}

async function exchange(socket: Socket, request: Uint8Array): Promise<Buffer> {
  socket.write(Buffer.concat([Buffer.from('mn\r\n'), request, Buffer.from('mn\r\n')]))
  let reply = Buffer.alloc(0)
  while (!reply.subarray(HEAD.length).includes(TAIL)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    reply = Buffer.concat([reply, chunk])
  }
  return reply.subarray(HEAD.length, reply.length - HEAD.length)
}
