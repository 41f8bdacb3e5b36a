import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import {
  FaultProxy,
  type FaultProxyOptions,
  MemcachedServer,
  type MemcachedServerOptions,
} from '../../src/index.ts'

/** A server and a proxy before it, which end with the test. */
export async function startProxy(
  options?: FaultProxyOptions,
  serverOptions?: MemcachedServerOptions,
): Promise<{ readonly proxy: FaultProxy; readonly server: MemcachedServer }> {
  const server = await MemcachedServer.start(serverOptions)
  const proxy = await FaultProxy.start(server.name, options)
  onTestFinished(async () => {
    await proxy.stop()
    await server.stop()
  })
  return { proxy, server }
}

/** A connection that keeps what arrives chunk by chunk. */
export class Peer {
  readonly socket: Socket
  readonly chunks: string[] = []
  error: string | undefined
  hasEnded = false
  isClosed = false

  static async open({ port }: { readonly port: number }): Promise<Peer> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
    const peer = new Peer(socket)
    await once(socket, 'connect')
    onTestFinished(() => {
      socket.destroy()
    })
    return peer
  }

  private constructor(socket: Socket) {
    this.socket = socket
    socket
      .on('data', (chunk: Buffer) => this.chunks.push(chunk.toString('latin1')))
      .on('error', (error: NodeJS.ErrnoException) => {
        this.error = error.code
      })
      .on('end', () => {
        this.hasEnded = true
      })
      .on('close', () => {
        this.isClosed = true
      })
  }

  get received(): string {
    return this.chunks.join('')
  }

  write(bytes: string): this {
    this.socket.write(bytes, 'latin1')
    return this
  }
}

/** Lets all that is ready happen, over several turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** `mg` requests that each name themselves, and the replies to them where nothing is stored. */
export function misses(...numbers: readonly number[]): { requests: string; replies: string } {
  return {
    requests: numbers.map((number) => `mg none O${number}\r\n`).join(''),
    replies: numbers.map((number) => `EN O${number}\r\n`).join(''),
  }
}
