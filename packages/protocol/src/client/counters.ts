import { isBinaryKey } from '../binary-key.ts'
import { clock } from '../clock.ts'
import type { Command } from '../command.ts'
import { MetaCounterCommand } from '../commands/binary-item.ts'
import { CounterCommand } from '../commands/line.ts'
import { InitialCounterCommand } from '../commands/meta-arithmetic.ts'
import { StoreCommand } from '../commands/storage.ts'
import { illegalInput, MemcacheSerdeError } from '../errors.ts'
import { checkFlags, toExptime, toUint64 } from '../integer.ts'
import type { WireKey } from '../key.ts'
import type { Count, CounterOptions, Key } from '../memcache-client.ts'
import type { CommandRunner } from './command-runner.ts'
import type { Deadline } from './deadline.ts'

/** `incr` and `decr`, of a counter that is made when it is missing if there is an `initial`. */
export function count<V, N extends number | bigint>(
  runner: CommandRunner<V>,
  verb: 'incr' | 'decr',
  key: Key,
  delta: N,
  options: CounterOptions | undefined,
): Promise<Count<N> | undefined> {
  const wire = runner.keys.encode(key)
  const initial = options?.initial
  if (options === undefined || initial === undefined) {
    if (options?.expire !== undefined) illegalInput('expire needs initial')
    return runner.write(counterCommand(verb, wire, delta), options, undefined, false)
  }
  if (options.noreply === true)
    illegalInput('initial needs the reply: it cannot be given with noreply')
  const digits = toUint64('initial', initial)
  const exptime = options.expire === undefined ? 0 : toExptime(options.expire, runner.now)
  const command: InitialCounterCommand = new InitialCounterCommand(
    verb,
    wire,
    toUint64('delta', delta),
    digits,
    exptime,
    typeof delta === 'bigint',
    () => makeInText(runner, verb, key, delta, { ...options, timeout: timeLeft(command) }, initial),
  )
  return runner.run(command, options) as Promise<Count<N>>
}

function counterCommand<N extends number | bigint>(
  verb: 'incr' | 'decr',
  wire: WireKey,
  delta: N,
): Command<Count<N> | undefined> {
  if (!isBinaryKey(wire)) return new CounterCommand(verb, wire, delta)
  const digits = toUint64('delta', delta)
  const command: Command = new MetaCounterCommand(verb, wire, digits, typeof delta === 'bigint')
  return command as Command<Count<N> | undefined>
}

/** In text, whoever adds the counter first makes it, and all others count. */
async function makeInText<V>(
  runner: CommandRunner<V>,
  verb: 'incr' | 'decr',
  key: Key,
  delta: number | bigint,
  options: CounterOptions,
  initial: number | bigint,
): Promise<number | bigint> {
  const wire = runner.keys.encode(key)
  const digits = initial.toString()
  const exptime = options.expire === undefined ? 0 : toExptime(options.expire, runner.now)
  const deadline = runner.deadline(options, verb)
  const flags = await flagsOf(runner, verb, key, initial, deadline)
  for (;;) {
    const add = new StoreCommand('add', wire, digits, flags, exptime)
    if ((await runner.run(add, deadline.step(options))) === true) {
      return typeof delta === 'bigint' ? BigInt(initial) : Number(initial)
    }
    const counted = await runner.run(new CounterCommand(verb, wire, delta), deadline.step(options))
    if (counted !== undefined) return counted
  }
}

/** The client flags by which the serde reads the digits as a number; 0, those of bytes, if there are none. */
async function flagsOf<V>(
  runner: CommandRunner<V>,
  verb: string,
  key: Key,
  initial: number | bigint,
  deadline: Deadline,
): Promise<number> {
  try {
    const serialized = runner.serializing(verb, key, initial as V, (data, flags) => ({
      data,
      flags,
    }))
    const { data, flags } = await runner.serialized(Promise.resolve(serialized), deadline, verb)
    const isDigits = Buffer.from(data as string).toString('latin1') === initial.toString()
    return isDigits ? checkFlags(flags) : 0
  } catch (error) {
    // A serde of other values than numbers.
    if (error instanceof MemcacheSerdeError) return 0
    throw error
  }
}

function timeLeft(command: InitialCounterCommand): number {
  return Math.max(1, command.deadline - clock())
}
