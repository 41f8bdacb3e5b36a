import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { bundled } from '../../../test-support/bundle.ts'
import type { experiments } from './experiments.ts'
import type { NetworkLab } from './lab.ts'

type Experiments = typeof experiments

/** Message to the process in the clients' namespace. */
export interface Call {
  readonly name: keyof Experiments
  readonly args: readonly unknown[]
}

/** Its answer. */
export interface Outcome {
  readonly value?: unknown
  readonly error?: string
}

/** A process in the clients' namespace, which runs one experiment at a time. */
export class ClientHost {
  readonly #process: ChildProcess
  readonly #ended: Promise<never>

  constructor(lab: NetworkLab) {
    const program = bundled(new URL('client-process.ts', import.meta.url))
    const command = [process.execPath, program]
    this.#process = lab.spawn('client', command, {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#ended = once(this.#process, 'exit').then(([code]) => {
      throw new Error(`the client process ended with ${code}`)
    })
    this.#ended.catch(() => {})
  }

  async run<N extends keyof Experiments>(
    name: N,
    ...args: Parameters<Experiments[N]>
  ): Promise<Awaited<ReturnType<Experiments[N]>>> {
    this.#process.send({ name, args } satisfies Call)
    const answer = once(this.#process, 'message') as Promise<[Outcome]>
    const [outcome] = await Promise.race([answer, this.#ended])
    if (outcome.error !== undefined) throw new Error(outcome.error)
    return outcome.value as Awaited<ReturnType<Experiments[N]>>
  }
}
