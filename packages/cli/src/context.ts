import type { Serde } from '@mc/protocol'
import type { Command } from 'commander'
import { fleetOptions } from './connection-options.ts'
import { Exit } from './exit.ts'
import { Fleet } from './fleet.ts'
import { type Io, write } from './io.ts'
import { toJson } from './json.ts'
import { type Column, type Paint, paintFor, tableOf } from './terminal.ts'

/** How a command's fleet differs from that of the command line. */
interface FleetChoice {
  /** In place of those of the command line; keys are whole, without the prefix. */
  readonly servers?: string
  /** In place of that of the command line. */
  readonly serde?: Serde<unknown>
  /** Milliseconds, unless the command line says so. */
  readonly timeout?: number
}

/** What the commands of one run share. */
export class Context {
  readonly io: Io
  readonly paint: Paint
  /** What the program will exit with if nothing throws. */
  exit: Exit = Exit.ok

  constructor(io: Io) {
    this.io = io
    this.paint = paintFor(io.stdout, io.env)
  }

  /** The fleet of the command line. */
  async fleet(command: Command, choice: FleetChoice = {}): Promise<Fleet> {
    const { servers, serde, timeout } = choice
    const flags = command.optsWithGlobals()
    const options = await fleetOptions(
      { ...(timeout !== undefined && { timeout }), ...flags },
      this.io,
      servers,
    )
    return new Fleet(options, serde)
  }

  /** Columns of the terminal. */
  get width(): number {
    return this.io.stdout.columns ?? 80
  }

  print(text: string | Uint8Array): Promise<void> {
    return write(this.io.stdout, text)
  }

  json(value: unknown): Promise<void> {
    return this.print(`${toJson(value)}\n`)
  }

  table(columns: readonly Column[], rows: readonly (readonly string[])[]): Promise<void> {
    return this.print(tableOf(columns, rows, this.paint))
  }

  /** A line for people, beside the output. */
  note(text: string): void {
    this.io.stderr.write(`mc: ${text}\n`)
  }

  /** Notes that a server failed; the others go on. */
  unreachable(server: string, error: unknown): void {
    this.exit = Exit.unreachable
    this.note(`${server}: ${reasonOf(error)}`)
  }
}

/** Why something failed, without the place, which is named beside it. */
export function reasonOf(error: unknown): string {
  const { reason, message } = error as { reason?: string; message?: string }
  return reason ?? message ?? String(error)
}
