import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A server in a process of its own, which goes on while this process stands still. */
export class ChildServer {
  readonly name: string
  readonly #child: ChildProcess

  private constructor(name: string, child: ChildProcess) {
    this.name = name
    this.#child = child
  }

  /** @param onSocket - the body of a function of `socket` */
  static async start(onSocket: string): Promise<ChildServer> {
    const program = `
      const server = require('node:net').createServer((socket) => {
        socket.on('error', () => {})
        ${onSocket}
      })
      server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [port] = await once(child.stdout, 'data')
    return new ChildServer(`127.0.0.1:${String(port).trim()}`, child)
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

/** Answers every line: gets with a miss, values with `HD`, the handshake as memcached does. */
export const ANSWER_ALL = `
  let rest = ''
  socket.on('data', (chunk) => {
    const lines = (rest + chunk.toString('latin1')).split('\\r\\n')
    rest = lines.pop()
    let out = ''
    for (const line of lines) {
      const opaque = / O[^ ]+/.exec(line)?.[0] ?? ''
      if (line === 'version') out += 'VERSION 1.6.18\\r\\n'
      else if (line === 'mn') out += 'MN\\r\\n'
      else if (line.startsWith('mg ')) out += 'EN\\r\\n'
      else if (line.startsWith('ms ')) out += 'HD' + opaque + '\\r\\n'
    }
    socket.write(out, 'latin1')
  })`
