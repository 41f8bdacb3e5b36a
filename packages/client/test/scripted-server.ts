import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { Client, type ClientOptions } from '../src/index.ts'

/** What a scripted server does with what arrived on a connection so far. */
export type Script = (link: Link) => void | Promise<void>

/** One connection of a scripted server: read lines, write whatever the test wants. */
export class Link {
  readonly socket: Socket
  /** Everything that arrived. */
  received = ''
  #wake: (() => void) | undefined
  #read = 0

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1')
      this.#wake?.()
    })
    socket.on('close', () => this.#wake?.())
    socket.on('error', () => {})
  }

  /** The next line that the client sends, without its end; undefined when the client is gone. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.received.indexOf('\r\n', this.#read)
      if (end >= 0) {
        const line = this.received.slice(this.#read, end)
        this.#read = end + 2
        return line
      }
      if (this.socket.destroyed) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Answers the dialect probe as a meta server does. */
  async greet(): Promise<void> {
    for (const reply of ['VERSION 1.6.18\r\n', 'MN\r\n']) {
      await this.line()
      this.write(reply)
    }
  }

  write(text: string): void {
    this.socket.write(text, 'latin1')
  }

  end(): void {
    this.socket.end()
  }

  reset(): void {
    this.socket.resetAndDestroy()
  }
}

/** A server that does what a test says, connection by connection; the last script serves all later ones. */
export class ScriptedServer {
  readonly links: Link[] = []
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(...scripts: Script[]): Promise<ScriptedServer> {
    const server = createServer()
    const scripted = new ScriptedServer(server)
    server.on('connection', (socket) => {
      const link = new Link(socket)
      const script = scripts[Math.min(scripted.links.length, scripts.length - 1)]
      scripted.links.push(link)
      void script?.(link)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return scripted
  }

  get name(): string {
    const { port } = this.#server.address() as { port: number }
    return `127.0.0.1:${port}`
  }

  /** Lines received on all connections, the probe's left out. */
  get lines(): string[] {
    return this.links
      .flatMap((link) => link.received.split('\r\n').slice(0, -1))
      .filter((line) => line !== 'mn' && line !== 'version')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async stop(): Promise<void> {
    for (const { socket } of this.links) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** `VA` reply to an `mg` line, with the opaque it asked for. */
export function hit(request: string | undefined, value: string): string {
  return `VA ${Buffer.byteLength(value)} f16 ${opaque(request)}\r\n${value}\r\n`
}

/** `EN` reply to an `mg` line. */
export function miss(request: string | undefined): string {
  return `EN ${opaque(request)}\r\n`
}

function opaque(request: string | undefined): string {
  return /O\S+/.exec(request ?? '')?.[0] ?? ''
}

/** Greets, then answers every `mg` with its key in the value, every other line with `HD`. */
export async function echo(link: Link): Promise<void> {
  await link.greet()
  for (;;) {
    const line = await link.line()
    if (line === undefined) return
    if (line.startsWith('mg ')) link.write(hit(line, `value of ${line.split(' ')[1]}`))
    else if (line.startsWith('ms ')) {
      await link.line()
      link.write(`HD ${opaque(line)}\r\n`)
    }
  }
}

/** Clients with their scripted servers, and what ends them all. */
export function startedClients() {
  const started: { readonly client: Client; readonly server: ScriptedServer }[] = []
  return {
    async start(options: ClientOptions, ...scripts: Script[]) {
      const server = await ScriptedServer.start(...scripts)
      const client = new Client(server.name, { reconnectDelay: { initial: 1, max: 1 }, ...options })
      started.push({ client, server })
      return { server, client }
    },
    async cleanUp(): Promise<void> {
      for (const { client, server } of started.splice(0)) {
        client.destroy()
        await server.stop()
      }
    },
  }
}
