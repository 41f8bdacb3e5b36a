import type { Command } from '../command.ts'
import { OkCommand, ShutdownCommand, VersionCommand } from '../commands/line.ts'
import { RawCommand } from '../commands/raw.ts'
import { StatsCommand } from '../commands/stats.ts'
import { checkInteger } from '../integer.ts'
import type {
  CommandOptions,
  RawCommandOptions,
  ServerCommands,
  WriteOptions,
} from '../memcache-client.ts'
import { METHODS } from '../methods.ts'
import type { Serde } from '../serde.ts'
import type { StatsOf } from '../server-stats.ts'
import { Announcer } from './announcer.ts'
import { isTraced, traceCall } from './call-trace.ts'
import { captureCalls } from './captured-calls.ts'
import { CommandRunner } from './command-runner.ts'
import {
  CALL_OPTIONS,
  type CommandClientOptions,
  checkCallOptions,
  commandClientSettings,
} from './options.ts'

/** Events of every `CommandClient`. None of them needs a listener. */
export interface CommandClientEvents {
  /** Something failed that no caller waits for, such as a write with `noreply`. */
  error: [error: Error]
}

/** The calls to one server that are about none of its items, over whatever carries commands there. */
export abstract class ServerCommandClient<
    V,
    E extends Record<keyof E, unknown[]> & CommandClientEvents,
  >
  extends Announcer<E>
  implements ServerCommands
{
  /** Name of the server, for errors. */
  abstract readonly server: string

  /** Runs what the calls come to. */
  protected readonly runner: CommandRunner<V>

  /**
   * @param now - milliseconds of Unix time, for an `expire` of more than 30 days
   * @param names - of all options that the class takes; others are refused
   * @throws MemcacheIllegalInputError for a prefix, TypeError or RangeError for another
   *   invalid option
   */
  protected constructor(
    options: CommandClientOptions<V>,
    defaultSerde: Serde<V>,
    now: () => number = Date.now,
    names?: ReadonlySet<string>,
  ) {
    super()
    const settings = commandClientSettings(options, defaultSerde, names)
    const server = (): string => this.server
    this.runner = new CommandRunner(settings, now, {
      get server() {
        return server()
      },
      dispatch: (command, timeout) => this.dispatch(command, timeout),
      onError: (error) => this.announce('error', ...([error] as E['error'])),
    })
    if (settings.captureStack) captureCalls(this)
  }

  /** The last error that `ignoreExc` covered; `undefined` without `ignoreExc`, or if there was none. */
  get lastError(): Error | undefined {
    return this.runner.lastError
  }

  /** Carries a command to the server. It must settle it within `timeout` milliseconds. */
  protected abstract dispatch(command: Command, timeout: number): void

  abstract quit(): Promise<void>
  abstract close(): Promise<void>

  async stats<const A extends readonly string[]>(...args: A): Promise<StatsOf<A>> {
    const answer = this.runner.run(new StatsCommand(args), undefined)
    return this.runner.answered(METHODS.stats, undefined, answer) as Promise<StatsOf<A>>
  }

  async version(options?: CommandOptions): Promise<string> {
    checkOptions(options, 'command')
    return this.runner.run(new VersionCommand(), options)
  }

  async verbosity(level: number, options?: WriteOptions): Promise<true> {
    checkOptions(options, 'write')
    const line = `verbosity ${checkInteger('level', level, 0, 0xffffffff)}`
    return this.runner.write(new OkCommand('verbosity', line), options, true, false)
  }

  async cacheMemlimit(megabytes: number, options?: WriteOptions): Promise<true> {
    checkOptions(options, 'write')
    const line = `cache_memlimit ${checkInteger('megabytes', megabytes, 1, 0xffffffff)}`
    return this.runner.write(new OkCommand('cache_memlimit', line), options, true, false)
  }

  async shutdown(
    options?: CommandOptions & { readonly graceful?: boolean | undefined },
  ): Promise<void> {
    checkOptions(options, 'shutdown')
    return this.runner.run(new ShutdownCommand(options?.graceful ?? false), options)
  }

  async rawCommand(command: string | Uint8Array, options?: RawCommandOptions): Promise<Buffer> {
    checkOptions(options, 'raw')
    return this.runner.run(new RawCommand(command, options?.endToken ?? '\r\n'), options)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Runs any command of the protocol, such as a `MetaCommand`. */
  execute<T>(command: Command<T>, options?: CommandOptions): Promise<T> {
    return isTraced()
      ? traceCall(this, { ...EXECUTE, name: command.name }, [], () =>
          this.#execute(command, options),
        )
      : this.#execute(command, options)
  }

  async #execute<T>(command: Command<T>, options: CommandOptions | undefined): Promise<T> {
    checkOptions(options, 'command')
    return this.runner.run(command, options)
  }
}

const EXECUTE = { takes: 'nothing', optionsAt: 1, isRead: false } as const

/** @throws MemcacheIllegalInputError for options that this kind of call does not take */
export function checkOptions(
  options: CommandOptions | undefined,
  kind: keyof typeof CALL_OPTIONS,
): void {
  if (options !== undefined) checkCallOptions(options, CALL_OPTIONS[kind])
}
