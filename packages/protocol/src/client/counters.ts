import { CounterCommand } from '../commands/line.ts'
import { NO_COUNTER } from '../commands/meta-arithmetic.ts'
import { StoreCommand } from '../commands/storage.ts'
import { MemcacheIllegalInputError } from '../errors.ts'
import { toExptime } from '../integer.ts'
import type { Count, CounterOptions, Key } from '../memcache-client.ts'
import type { CommandRunner } from './command-runner.ts'
import { initialCounterCommand } from './meta-requests.ts'

/** `incr` and `decr`, of a counter that is made when it is missing if there is an `initial`. */
export function count<V, N extends number | bigint>(
  runner: CommandRunner<V>,
  verb: 'incr' | 'decr',
  key: Key,
  delta: N,
  options: CounterOptions | undefined,
): Promise<Count<N> | undefined> {
  const wire = runner.keys.encode(key)
  if (options?.initial === undefined) {
    if (options?.expire !== undefined) illegal('expire needs initial')
    return runner.write(new CounterCommand(verb, wire, delta), options, undefined, false)
  }
  if (options.noreply === true) illegal('initial needs the reply: it cannot be given with noreply')
  return withInitial(runner, verb, key, delta, { ...options, initial: options.initial })
}

async function withInitial<V, N extends number | bigint>(
  runner: CommandRunner<V>,
  verb: 'incr' | 'decr',
  key: Key,
  delta: N,
  options: CounterOptions & { readonly initial: number | bigint },
): Promise<Count<N> | undefined> {
  const { initial } = options
  const wire = runner.keys.encode(key)
  const deadline = runner.deadline(options, verb)
  const command = initialCounterCommand(verb, wire, delta, options, runner.now)
  const answer = await runner.run(command, options)
  if (answer !== NO_COUNTER) return answer as Count<N>
  // In text: whoever adds it first makes it, and all others count.
  const digits = initial.toString()
  const exptime = toExptime(options.expire ?? 0, runner.now)
  for (;;) {
    const flags = runner.flagsOf(key, initial, digits)
    const add = new StoreCommand('add', wire, digits, flags, exptime)
    if ((await runner.run(add, deadline.step(options))) === true) {
      return (typeof delta === 'bigint' ? BigInt(initial) : Number(initial)) as Count<N>
    }
    const counted = await runner.run(new CounterCommand(verb, wire, delta), deadline.step(options))
    if (counted !== undefined) return counted
  }
}

function illegal(message: string): never {
  throw new MemcacheIllegalInputError(message)
}
