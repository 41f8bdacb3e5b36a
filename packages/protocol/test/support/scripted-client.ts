import {
  type Command,
  CommandClient,
  type CommandClientEvents,
  type CommandClientOptions,
  ReplyParser,
  type Serde,
} from '../../src/index.ts'

/** Text as it is. */
export const plainSerde: Serde<unknown> = {
  serialize: (value) => ({ data: String(value), flags: 0 }),
  deserialize: (data) => data.toString(),
}

/** A client whose commands go to a function of the test's. */
export class ScriptedClient extends CommandClient<unknown, CommandClientEvents> {
  readonly server = 'scripted'
  /** The time that each command was given. */
  readonly timeouts: number[] = []
  readonly #carry: (command: Command, timeout: number) => void

  constructor(
    carry: (command: Command, timeout: number) => void,
    options: CommandClientOptions<unknown> = {},
  ) {
    super(options, plainSerde)
    this.#carry = carry
  }

  protected dispatch(command: Command, timeout: number): void {
    this.timeouts.push(timeout)
    command.deadline = performance.now() + timeout
    this.#carry(command, timeout)
  }

  async quit(): Promise<void> {}
  async close(): Promise<void> {}
}

/** Gives a command its reply, as bytes. */
export function reply(command: Command, bytes: string): void {
  const parser = new ReplyParser({ server: 'scripted' })
  parser.push(Buffer.from(bytes, 'latin1'))
  while (parser.next()) if (command.read(parser)) return
}
