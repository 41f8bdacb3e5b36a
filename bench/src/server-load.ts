import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Commands that are sent over and over, with the length of the reply to each. */
export interface Script {
  readonly requests: readonly string[]
  /** Bytes. */
  readonly replyLengths: readonly number[]
}

export interface LoadOptions {
  readonly connections: number
  /** Commands under way on each connection. */
  readonly inFlight: number
}

/** Sends a script on every connection, each from another place in it, and counts the replies by their bytes. */
export class Load {
  /** Replies received. */
  done = 0
  readonly #lanes: readonly Lane[]

  static async start(
    server: string,
    script: Script,
    { connections, inFlight }: LoadOptions,
  ): Promise<Load> {
    const [host = '', port = ''] = server.split(':')
    const load = new Load(
      Array.from({ length: connections }, () =>
        connect({ host, port: Number(port), noDelay: true }),
      ),
      script,
    )
    await Promise.all(load.#lanes.map(({ socket }) => once(socket, 'connect')))
    for (const lane of load.#lanes) lane.send(inFlight)
    return load
  }

  private constructor(sockets: readonly Socket[], script: Script) {
    const ring = new Ring(script)
    this.#lanes = sockets.map((socket, i) => {
      const start = Math.floor((i * script.requests.length) / sockets.length)
      return new Lane(socket, ring, start, (count) => {
        this.done += count
      })
    })
  }

  /** Commands per second, over so many milliseconds. */
  async measure(milliseconds: number): Promise<number> {
    const [from, start] = [this.done, performance.now()]
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    return ((this.done - from) * 1000) / (performance.now() - start)
  }

  stop(): void {
    for (const { socket } of this.#lanes) socket.destroy()
  }
}

/** A script as bytes. */
class Ring {
  readonly replyLengths: readonly number[]
  readonly #bytes: Buffer
  readonly #offsets: readonly number[]

  constructor({ requests, replyLengths }: Script) {
    this.replyLengths = replyLengths
    this.#bytes = Buffer.from(requests.join(''), 'latin1')
    let offset = 0
    this.#offsets = [0, ...requests.map((request) => (offset += request.length))]
  }

  get length(): number {
    return this.replyLengths.length
  }

  slice(from: number, to: number): Buffer {
    return this.#bytes.subarray(this.#offsets[from], this.#offsets[to])
  }
}

/** One connection's way round the ring. */
class Lane {
  readonly socket: Socket
  readonly #ring: Ring
  #next: number
  #awaited: number
  #received = 0

  constructor(socket: Socket, ring: Ring, start: number, onReplies: (count: number) => void) {
    this.socket = socket
    this.#ring = ring
    this.#next = this.#awaited = start
    socket.on('data', (chunk: Buffer) => {
      const count = this.#count(chunk.length)
      if (count === 0) return
      onReplies(count)
      this.send(count)
    })
    socket.on('error', (error) => {
      throw error
    })
  }

  send(count: number): void {
    for (let left = count; left > 0; ) {
      const end = Math.min(this.#next + left, this.#ring.length)
      this.socket.write(this.#ring.slice(this.#next, end))
      left -= end - this.#next
      this.#next = end % this.#ring.length
    }
  }

  /** Replies that are whole with so many more bytes. */
  #count(bytes: number): number {
    this.#received += bytes
    for (let count = 0; ; count++) {
      const length = this.#ring.replyLengths[this.#awaited] as number
      if (this.#received < length) return count
      this.#received -= length
      this.#awaited = (this.#awaited + 1) % this.#ring.length
    }
  }
}
