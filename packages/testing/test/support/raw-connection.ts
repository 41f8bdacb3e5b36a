import { once } from 'node:events'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

const PATIENCE = 5_000
const TAIL_LENGTH = 200

/** A socket for tests: bytes out, bytes in, one character each. */
export class RawConnection implements AsyncDisposable {
  readonly #socket: Socket
  #received: string[] = []
  /** The last bytes received: to look for the end in all of them takes too long. */
  #tail = ''
  #closed = false
  #wake: () => void = () => undefined

  static async open(name: string, tls = false): Promise<RawConnection> {
    const colon = name.lastIndexOf(':')
    const where = name.startsWith('/')
      ? { path: name }
      : { host: name.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(name.slice(colon + 1)) }
    const socket = tls
      ? connectTls({ ...where, rejectUnauthorized: false })
      : connectPlain({ ...where, noDelay: true })
    await once(socket, tls ? 'secureConnect' : 'connect')
    return new RawConnection(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      this.#received.push(text)
      this.#tail = (this.#tail + text).slice(-TAIL_LENGTH)
      this.#wake()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
  }

  get closed(): boolean {
    return this.#closed
  }

  write(bytes: string): void {
    if (!this.#closed) this.#socket.write(bytes, 'latin1')
  }

  /** What arrives until it ends in `end`, or until the server closes. */
  async until(end: string): Promise<string> {
    const deadline = setTimeout(() => this.#wake(), PATIENCE)
    const started = Date.now()
    try {
      while (!this.#tail.endsWith(end) && !this.#closed) {
        if (Date.now() - started >= PATIENCE) {
          throw new Error(`no ${JSON.stringify(end)}, only ${JSON.stringify(this.#tail)}`)
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      clearTimeout(deadline)
    }
    const received = this.#received.join('')
    this.#received = []
    this.#tail = ''
    return received
  }

  /**
   * Writes and answers what arrives until all of it has been answered, or the server has closed. What
   * has no line end is taken to make the server close.
   */
  async ask(bytes: string): Promise<string> {
    this.write(bytes.includes('\n') ? `${bytes}${MARK}` : bytes)
    const answer = await this.until(MARK_REPLY)
    return answer.endsWith(MARK_REPLY) ? answer.slice(0, -MARK_REPLY.length) : answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#socket.destroy()
    await once(this.#socket, 'close')
  }
}

/** A command that changes nothing and whose reply cannot be mistaken. */
const MARK = 'mg ~mark~ Omark\r\n'
const MARK_REPLY = 'EN Omark\r\n'
