import { connect, type Socket } from 'node:net'
import type { Subject } from './clients.ts'

const LF = 10
const SPACE = 32
const ZERO = 48
const UPPER_L = 76
const UPPER_V = 86
const SLAB_SIZE = 64 * 1024
/** More than any workload has in flight. */
const RING = 4096
const TEXT_FLAGS = 16

type Resolve = (reply: unknown) => void

/** A call of many keys, all of which are there. */
interface Many {
  readonly keys: readonly string[]
  readonly found: Map<string, string>
  readonly resolve: (count: number) => void
}

/**
 * The least that a client does which answers each call with a promise: requests of one turn leave in one write, and a
 * value becomes text or is parsed. Nothing is checked, nothing has a deadline, and only replies of these workloads are read.
 */
export class LeastClient implements Subject {
  readonly #socket: Socket
  readonly #waiting = new Array<Resolve | Many | undefined>(RING)
  #sent = 0
  #answered = 0
  #slab = Buffer.allocUnsafeSlow(SLAB_SIZE)
  #end = 0
  #flushIsDue = false
  /** What is left of the last read: an unfinished reply. */
  #rest: Buffer | undefined
  #restLength = 0

  constructor(server: string) {
    const [host = '', port = ''] = server.split(':')
    const buffer = Buffer.allocUnsafeSlow(512 * 1024)
    const callback = (size: number): boolean => {
      this.#receive(buffer.subarray(0, size))
      return true
    }
    this.#socket = connect({
      host,
      port: Number(port),
      noDelay: true,
      onread: { buffer, callback },
    })
  }

  get(key: string): Promise<unknown> {
    return new Promise((resolve) => {
      this.#waiting[this.#sent++ % RING] = resolve
      this.#write('mg ')
      this.#write(key)
      this.#write(' v f O1\r\n')
    })
  }

  set(key: string, value: unknown): Promise<unknown> {
    return new Promise((resolve) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      this.#waiting[this.#sent++ % RING] = resolve
      this.#write(`ms ${key} ${text.length} O1 F${typeof value === 'string' ? TEXT_FLAGS : 0}\r\n`)
      this.#write(text)
      this.#write('\r\n')
    })
  }

  getMany(keys: readonly string[]): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting[this.#sent++ % RING] = { keys, found: new Map(), resolve }
      this.#write('get')
      for (const key of keys) {
        this.#write(' ')
        this.#write(key)
      }
      this.#write('\r\n')
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #write(text: string): void {
    const { length } = text
    if (this.#end + length > SLAB_SIZE) this.#flush()
    if (length > SLAB_SIZE) {
      this.#socket.write(text, 'latin1')
      return
    }
    if (length > 32) this.#slab.write(text, this.#end, 'latin1')
    else for (let i = 0; i < length; i++) this.#slab[this.#end + i] = text.charCodeAt(i)
    this.#end += length
    if (this.#flushIsDue) return
    this.#flushIsDue = true
    setImmediate(() => {
      this.#flushIsDue = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#end === 0) return
    this.#socket.write(this.#slab.subarray(0, this.#end))
    this.#slab = Buffer.allocUnsafeSlow(SLAB_SIZE)
    this.#end = 0
  }

  #receive(read: Buffer): void {
    const chunk = this.#joined(read)
    const { length } = chunk
    let at = 0
    while (at < length) {
      let start = at
      while (start < length && chunk[start] !== LF) start++
      if (start === length) break
      start++
      if (chunk[at] !== UPPER_V) {
        this.#answer(true)
        at = start
        continue
      }
      const isMany = chunk[at + 2] === UPPER_L
      let digit = at + 3
      if (isMany) {
        for (digit = at + 6; chunk[digit] !== SPACE; digit++);
        for (digit++; chunk[digit] !== SPACE; digit++);
        digit++
      }
      let size = 0
      for (; (chunk[digit] as number) >= ZERO; digit++)
        size = size * 10 + (chunk[digit] as number) - ZERO
      const end = start + size
      if (end + 2 > length) {
        this.#keep(chunk, at, end + 2 - at)
        return
      }
      const text = chunk.toString('latin1', start, end)
      if (isMany) {
        const { keys, found } = this.#waiting[this.#answered % RING] as Many
        found.set(keys[found.size] as string, text)
        at = end + 2
        continue
      }
      // ` f16` is text and ` f0` JSON.
      this.#answer(chunk[digit + 2] === ZERO ? JSON.parse(text) : text)
      at = end + 2
    }
    if (at < length) this.#keep(chunk, at, length - at)
  }

  #answer(reply: unknown): void {
    const index = this.#answered++ % RING
    const one = this.#waiting[index]
    if (typeof one === 'function') one(reply)
    else one?.resolve(one.found.size)
    this.#waiting[index] = undefined
  }

  /** What is unfinished, with room for so many bytes. */
  #keep(chunk: Buffer, at: number, room: number): void {
    this.#rest = Buffer.allocUnsafeSlow(room)
    this.#restLength = chunk.copy(this.#rest, 0, at)
  }

  #joined(read: Buffer): Buffer {
    if (this.#rest === undefined) return read
    const rest = this.#rest
    const length = this.#restLength
    this.#restLength += read.copy(rest, length)
    if (this.#restLength < rest.length) return rest.subarray(0, 0)
    this.#rest = undefined
    return Buffer.concat([rest, read.subarray(rest.length - length)])
  }
}
