import { checkNumber } from '@mc/protocol/toolkit'
import { checkFault, typed } from '../faults/check-fault.ts'
import { ActiveFault, type InjectedFault, type Occurrence } from '../faults/injected-fault.ts'
import { Waiters } from '../faults/waiters.ts'
import type { ParsedRequest } from '../protocol/index.ts'

/**
 * The name of a command as it is on the wire: `mg` or `get`, whichever dialect the client speaks.
 * `authenticate` is a login, and `refused` a line that is no good command.
 */
export type ServerCommand = Exclude<ParsedRequest['command'], 'close'>

/** Which commands a fault of the server meets. */
interface CommandSchedule extends Occurrence {
  /** Only these commands. @default all, those by which a client finds out the dialect included */
  readonly command?: ServerCommand | readonly ServerCommand[] | undefined
  /** So many of them are answered first, counted from when the fault is injected. @default 0 */
  readonly afterCommands?: number | undefined
}

/** The command is not run, and answered with an error line, unless it asked for no reply. */
export interface ErrorFault extends CommandSchedule {
  readonly kind: 'error'
  /** Such as `SERVER_ERROR out of memory storing object`, without its line end. */
  readonly line: string
}

/**
 * The connection is kept and nothing more is answered on it until the fault is removed. Then all that
 * has come is run, even if the client has gone, as by a server that was busy.
 */
export interface HangFault extends CommandSchedule {
  readonly kind: 'hang'
}

/** The command is not run, and the connection closed behind the replies to those before it. */
export interface CloseFault extends CommandSchedule {
  readonly kind: 'close'
  /** The command's answer, without its line end, as of a proxy that refuses a command and closes. @default none */
  readonly line?: string | undefined
}

/** What a `MemcachedServer` can be told to do. */
export type ServerFault = ErrorFault | HangFault | CloseFault

const NONE: Readonly<Record<ServerCommand, number>> = {
  add: 0,
  append: 0,
  authenticate: 0,
  cache_memlimit: 0,
  cas: 0,
  decr: 0,
  delete: 0,
  extstore: 0,
  flush_all: 0,
  gat: 0,
  gats: 0,
  get: 0,
  gets: 0,
  incr: 0,
  lru: 0,
  lru_crawler: 0,
  ma: 0,
  md: 0,
  me: 0,
  mg: 0,
  mn: 0,
  ms: 0,
  prepend: 0,
  quit: 0,
  refresh_certs: 0,
  refused: 0,
  replace: 0,
  set: 0,
  shutdown: 0,
  slabs: 0,
  stats: 0,
  touch: 0,
  verbosity: 0,
  version: 0,
  watch: 0,
}
const COMMANDS = Object.keys(NONE) as readonly ServerCommand[]
const STOPPED = 'the server was stopped before it had received so many commands'
const SCHEDULE = ['times', 'command', 'afterCommands']
const SERVER_FAULTS = { error: [...SCHEDULE, 'line'], hang: SCHEDULE, close: [...SCHEDULE, 'line'] }
const COMMAND_RULE = typed(
  `a command or a list of commands, which are ${COMMANDS.join(', ')}`,
  (value) => isCommands(listOf(value)),
)

/** A fault of the server that is at work. */
class CommandFault extends ActiveFault<ServerFault> {
  readonly #commands: readonly ServerCommand[]
  #left: number

  constructor(fault: ServerFault, onRemove: () => void) {
    super(fault, onRemove)
    this.#commands = listOf(fault.command)
    this.#left = fault.afterCommands ?? 0
  }

  /** Counts a command that it concerns. */
  isDue(command: ServerCommand): boolean {
    if (this.#commands.length > 0 && !this.#commands.includes(command)) return false
    return --this.#left < 0
  }
}

/** The commands that a server has received, and the faults that meet them. */
export class CommandLog {
  #counts: Record<ServerCommand, number> = { ...NONE }
  readonly #faults = new Set<CommandFault>()
  readonly #waiters = new Waiters()
  #isStopped = false

  /** Notes a command, and answers the fault that it meets. */
  receive(command: ServerCommand): ActiveFault<ServerFault> | undefined {
    this.#counts[command]++
    if (!this.#waiters.isEmpty) this.#waiters.check()
    if (this.#faults.size === 0) return undefined
    // Each that the command concerns counts it, the first that is due happens.
    const due = [...this.#faults].filter((fault) => fault.isDue(command))
    return due.find((fault) => fault.strikes())
  }

  /** @throws TypeError or RangeError for what is no fault */
  inject(fault: ServerFault): InjectedFault {
    checkFault(fault, SERVER_FAULTS, { command: COMMAND_RULE })
    const active = new CommandFault({ ...fault }, () => this.#faults.delete(active))
    this.#faults.add(active)
    return active
  }

  clearFaults(): void {
    for (const fault of this.#faults) fault.remove()
  }

  /** @throws TypeError for what is no command */
  count(command: ServerCommand | readonly ServerCommand[] | undefined): number {
    checkCommands(command)
    return this.#sum(listOf(command))
  }

  resetCount(): void {
    this.#counts = { ...NONE }
  }

  /** @throws TypeError or RangeError for what is no count or no command */
  async waitFor(
    count: number,
    command: ServerCommand | readonly ServerCommand[] | undefined,
  ): Promise<void> {
    checkNumber('count', count, { integer: true, min: 0 })
    checkCommands(command)
    const commands = listOf(command)
    const hasCome = (): boolean => this.#sum(commands) >= count
    if (this.#isStopped && !hasCome()) throw new Error(STOPPED)
    await this.#waiters.until(hasCome)
  }

  /** Nothing more is received: faults are removed, and those who wait for commands are rejected. */
  stop(): void {
    this.#isStopped = true
    this.clearFaults()
    this.#waiters.fail(STOPPED)
  }

  #sum(commands: readonly ServerCommand[]): number {
    const counted = commands.length === 0 ? COMMANDS : commands
    return counted.reduce((sum, command) => sum + this.#counts[command], 0)
  }
}

function isCommands(values: readonly unknown[]): boolean {
  return values.length > 0 && values.every((value) => COMMANDS.includes(value as ServerCommand))
}

function checkCommands(command: unknown): void {
  if (command === undefined || COMMAND_RULE.isMet(command)) return
  throw new TypeError(`command must be ${COMMAND_RULE.allowed}`)
}

/** One or several in a list, none for none. */
function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value as T]
}
