import { setTimeout as sleep } from 'node:timers/promises'
import { now } from './clock.ts'
import type { FromProcess, ToProcess } from './messages.ts'

/** Sends a message to the parent process. */
export function say(message: FromProcess): void {
  process.send?.(message)
}

/** The slow source behind the cache. Its version is in the parent process, which counts the loads. */
export class SourceLink {
  readonly #milliseconds: number
  readonly #waiting = new Map<number, (version: number) => void>()
  #lastId = 0

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
    process.on('message', (message: ToProcess) => {
      if (message.kind !== 'version') return
      this.#waiting.get(message.id)?.(message.version)
      this.#waiting.delete(message.id)
    })
  }

  /** Reads the version at once and answers it late, so that it may be an older one by then. */
  async load(): Promise<number> {
    const id = ++this.#lastId
    const [version] = await Promise.all([
      this.#ask(id, { kind: 'load', id, at: now() }),
      sleep(this.#milliseconds),
    ])
    say({ kind: 'loaded', id, at: now() })
    return version
  }

  /** Changes the source; answers its new version. */
  write(): Promise<number> {
    const id = ++this.#lastId
    return this.#ask(id, { kind: 'write', id })
  }

  #ask(id: number, message: FromProcess): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      say(message)
    })
  }
}
