import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, rmSync } from 'node:fs'
import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { TestServer } from './test-server.ts'
import { monotonicNow, sleep } from './timers.ts'

/** Options of `memcached.start`. */
export interface MemcachedOptions {
  /** The program. @default what `memcached.find` answers */
  readonly binary?: string | undefined
  /** More of memcached's own options, such as `['-m', '100']`. */
  readonly args?: readonly string[] | undefined
  /** Listen on this Unix socket in place of a free loopback port. */
  readonly path?: string | undefined
  /** Speak TLS with this key and certificate, as PEM text. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined
  /** Passwords by user, for text authentication. */
  readonly auth?: Readonly<Record<string, string>> | undefined
}

/** Runs a memcached of this machine. */
export const memcached: {
  /**
   * Path of the program: the one that the environment variable `MEMCACHED` names, or else the first on the
   * PATH; `undefined` where there is none.
   *
   * @throws Error when `MEMCACHED` names no program
   */
  find(): string | undefined
  /**
   * Starts one and answers when it accepts connections.
   *
   * @throws Error when there is no program, or with what it said when it could not start
   */
  start(options?: MemcachedOptions): Promise<TestServer>
} = {
  find: findMemcached,
  start: startMemcached,
}

const STARTUP_MILLISECONDS = 5_000
const POLL_MILLISECONDS = 5

function findMemcached(): string | undefined {
  const { MEMCACHED = '' } = process.env
  if (MEMCACHED === '') return programPaths().find(isExecutable)
  if (isExecutable(MEMCACHED)) return MEMCACHED
  throw new Error(`MEMCACHED must be the path of a program, got ${MEMCACHED}`)
}

async function startMemcached(options: MemcachedOptions = {}): Promise<TestServer> {
  const binary = options.binary ?? memcached.find()
  if (binary === undefined)
    throw new Error('memcached is not installed: no such program on the PATH')
  const directory = await mkdtemp(join(tmpdir(), 'mc-memcached-'))
  try {
    const portFile = join(directory, 'port')
    const child = spawn(binary, await programArguments(options, directory), {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, MEMCACHED_PORT_FILENAME: portFile },
    })
    const server = new MemcachedProcess(child, directory, options.path)
    try {
      await server.ready(portFile)
    } catch (error) {
      await server.stop()
      throw error
    }
    return server
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

async function programArguments(options: MemcachedOptions, directory: string): Promise<string[]> {
  const { path, tls, auth, args = [] } = options
  // Port -1 is any free one, which memcached writes into a file.
  const result = path === undefined ? ['-l', '127.0.0.1', '-p', '-1'] : ['-s', path]
  // memcached runs as root only with the name of a user.
  if (process.getuid?.() === 0) result.push('-u', 'root')
  if (tls !== undefined) {
    const key = join(directory, 'key.pem')
    const cert = join(directory, 'cert.pem')
    await writeFile(key, tls.key, { mode: 0o600 })
    await writeFile(cert, tls.cert)
    result.push('-Z', '-o', `ssl_chain_cert=${cert},ssl_key=${key}`)
  }
  if (auth !== undefined) {
    const file = join(directory, 'users')
    const lines = Object.entries(auth).map(([user, password]) => `${user}:${password}\n`)
    await writeFile(file, lines.join(''), { mode: 0o600 })
    result.push('-Y', file)
  }
  return [...result, ...args]
}

/** Programs that would outlive a process that ends without stopping them, such as by an error. */
const running = new Set<MemcachedProcess>()

function endRunning(): void {
  for (const server of running) server.end()
}

class MemcachedProcess implements TestServer {
  port = 0
  readonly #child: ChildProcess
  readonly #directory: string
  readonly #path: string | undefined
  readonly #exit: Promise<unknown>
  #complaint = ''
  #stopped: Promise<void> | undefined

  constructor(child: ChildProcess, directory: string, path: string | undefined) {
    this.#child = child
    this.#directory = directory
    this.#path = path
    if (running.size === 0) process.once('exit', endRunning)
    running.add(this)
    // A program that cannot be run gives an error in place of an exit.
    this.#exit = once(child, 'exit').catch((error: Error) => {
      this.#complaint += error.message
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint += text
    })
  }

  get name(): string {
    return this.#path ?? `127.0.0.1:${this.port}`
  }

  /** Waits until it accepts a connection. */
  async ready(portFile: string): Promise<void> {
    let running = true
    void this.#exit.then(() => {
      running = false
    })
    const deadline = monotonicNow() + STARTUP_MILLISECONDS
    while (running && monotonicNow() < deadline) {
      if (this.#path === undefined) this.port = await readPort(portFile)
      if (this.#path !== undefined || this.port !== 0) {
        if (await accepts(this.#path ?? this.port)) return
      }
      await sleep(POLL_MILLISECONDS)
    }
    throw new Error(`memcached did not start: ${this.#complaint.trim() || 'no answer'}`)
  }

  /** For a process that ends and can wait for nothing. */
  end(): void {
    this.#child.kill('SIGKILL')
    rmSync(this.#directory, { recursive: true, force: true })
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #stop(): Promise<void> {
    // There is nothing to save, and an orderly stop takes memcached a while.
    this.#child.kill('SIGKILL')
    await this.#exit
    running.delete(this)
    if (running.size === 0) process.off('exit', endRunning)
    await rm(this.#directory, { recursive: true, force: true })
    // Not `rm`, which looks at the socket first: after that Node 20 resolves links of modules wrongly.
    if (this.#path !== undefined) {
      await unlink(this.#path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
    }
  }
}

/** 0 until memcached has written it. */
async function readPort(file: string): Promise<number> {
  const text = await readFile(file, 'latin1').catch(() => '')
  return Number(/^TCP INET: (\d+)$/m.exec(text)?.[1] ?? 0)
}

async function accepts(where: string | number): Promise<boolean> {
  const socket: Socket = typeof where === 'string' ? connect(where) : connect(where, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function programPaths(): string[] {
  const { PATH = '' } = process.env
  return PATH.split(delimiter).map((directory) => join(directory, 'memcached'))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
