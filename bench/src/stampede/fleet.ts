import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { now } from './clock.ts'
import type { FromProcess, Read, Task, ToProcess } from './messages.ts'
import type { Confirmation, Load, Records, Silence } from './records.ts'

const PROGRAM = fileURLToPath(new URL('./caller-process.js', import.meta.url))

/** Milliseconds for all processes to start, and for their last reads to end. */
const PATIENCE = 60_000

/** How long a fleet runs: for a time, and on until there are so many reads. */
export interface Length {
  readonly seconds: number
  readonly reads: number
}

/** Processes that share one cache and one source. The source is here: its version, and who loads it. */
export class Fleet {
  readonly #children: readonly ChildProcess[]
  readonly #failed: Promise<never>
  #version = 1
  readonly #begun = new Map<string, number>()
  readonly #loads: Load[] = []
  readonly #reads: Read[] = []
  readonly #confirmations: Confirmation[] = []
  readonly #failures = new Map<string, number>()
  #stall = 0

  /** Runs a fleet from its start to its end. `disturb` goes on meanwhile, until its signal aborts. */
  static async run(
    tasks: readonly Task[],
    { seconds, reads }: Length,
    disturb: (signal: AbortSignal) => Promise<readonly Silence[]>,
  ): Promise<Records> {
    const fleet = new Fleet(tasks)
    try {
      await fleet.#heard('ready')
      const start = now()
      fleet.#send({ kind: 'start' })
      const over = new AbortController()
      const disturbance = disturb(over.signal)
      try {
        await fleet.#sleep(seconds * 1000)
        while (fleet.#reads.length < reads) await fleet.#sleep(100)
      } finally {
        over.abort()
        await disturbance
      }
      const end = now()
      fleet.#send({ kind: 'stop' })
      await fleet.#heard('done')
      return fleet.#records(start, end, await disturbance)
    } finally {
      for (const child of fleet.#children) child.kill('SIGKILL')
    }
  }

  private constructor(tasks: readonly Task[]) {
    this.#children = tasks.map((task) =>
      fork(PROGRAM, [JSON.stringify(task)], { serialization: 'advanced' }),
    )
    this.#failed = new Promise((_, reject) => {
      for (const [index, child] of this.#children.entries()) {
        child.on('message', (message: FromProcess) => this.#take(message, index))
        child.on('error', reject)
        child.on('exit', (code, signal) =>
          reject(new Error(`a process of ${tasks[index]?.contender} ended: ${code ?? signal}`)),
        )
      }
    })
    this.#failed.catch(() => undefined)
  }

  #take(message: FromProcess, index: number): void {
    if (message.kind === 'load') {
      this.#begun.set(`${index} ${message.id}`, message.at)
      this.#sendTo(index, { kind: 'version', id: message.id, version: this.#version })
    } else if (message.kind === 'loaded') {
      const load = `${index} ${message.id}`
      this.#loads.push({ begin: this.#begun.get(load) ?? message.at, end: message.at })
      this.#begun.delete(load)
    } else if (message.kind === 'write') {
      this.#sendTo(index, { kind: 'version', id: message.id, version: ++this.#version })
    } else if (message.kind === 'confirmed') {
      this.#confirmations.push(message)
    } else if (message.kind === 'reads') {
      this.#reads.push(...message.reads)
    } else if (message.kind === 'done') {
      this.#stall = Math.max(this.#stall, message.stall)
    } else if (message.kind === 'failed') {
      this.#failures.set(message.what, (this.#failures.get(message.what) ?? 0) + 1)
    }
  }

  async #heard(kind: FromProcess['kind']): Promise<void> {
    const all = this.#children.map(
      (child) =>
        new Promise<void>((resolve) => {
          child.on('message', (message: FromProcess) => {
            if (message.kind === kind) resolve()
          })
        }),
    )
    const late = sleep(PATIENCE, undefined, { ref: false }).then(() => {
      throw new Error(`no process may take ${PATIENCE / 1000} s to be ${kind}`)
    })
    await Promise.race([Promise.all(all), late, this.#failed])
  }

  async #sleep(milliseconds: number): Promise<void> {
    await Promise.race([sleep(milliseconds), this.#failed])
  }

  #send(message: ToProcess): void {
    for (const index of this.#children.keys()) this.#sendTo(index, message)
  }

  #sendTo(index: number, message: ToProcess): void {
    this.#children[index]?.send(message)
  }

  #records(start: number, end: number, silences: readonly Silence[]): Records {
    // A load that the end of its process cut off.
    const cut = [...this.#begun.values()].map((begin) => ({ begin, end: now() }))
    return {
      start,
      end,
      loads: [...this.#loads, ...cut]
        .filter(({ begin }) => begin >= start && begin < end)
        .sort((a, b) => a.begin - b.begin),
      reads: this.#reads,
      confirmations: this.#confirmations,
      silences,
      failures: this.#failures,
      stall: this.#stall,
    }
  }
}
