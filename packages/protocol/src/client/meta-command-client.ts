import type { Command } from '../command.ts'
import { HasCommand } from '../commands/has.ts'
import { itemKey } from '../key.ts'
import type { CommandOptions, ItemKey, Key } from '../memcache-client.ts'
import type {
  Exact,
  ItemMetadata,
  MetaArithmeticOptions,
  MetaCounter,
  MetaDeleteOptions,
  MetaGetOptions,
  MetaItem,
  MetaMethods,
  MetaSetOptions,
  MetaStored,
} from '../meta-methods.ts'
import { METHODS } from '../methods.ts'
import { hasMany } from './many-calls.ts'
import { metaSet } from './meta-calls.ts'
import {
  inspectCommand,
  metaArithmeticCommand,
  metaDeleteCommand,
  metaGetCommand,
} from './meta-requests.ts'
import { CALL_OPTIONS, checkCallOptions } from './options.ts'
import {
  type CommandClientEvents,
  checkOptions,
  ServerCommandClient,
} from './server-command-client.ts'

/** The meta commands of one server, over whatever carries commands there. */
export abstract class MetaCommandClient<
    V,
    E extends Record<keyof E, unknown[]> & CommandClientEvents,
  >
  extends ServerCommandClient<V, E>
  implements MetaMethods<V>
{
  async metaGet<T = V, const O extends MetaGetOptions = MetaGetOptions>(
    key: Key,
    options: Exact<O, MetaGetOptions>,
  ): Promise<MetaItem<T, O> | undefined> {
    checkCallOptions(options, CALL_OPTIONS.metaGet)
    const { keys, now } = this.runner
    const serde = this.runner.readingSerde()
    const command = metaGetCommand(keys.encode(key), itemKey(key), serde, options, now)
    return this.runner.answered(
      METHODS.metaGet,
      options,
      this.runner.run(command as Command<MetaItem<T, O> | undefined>, options),
    )
  }

  async metaSet<const O extends MetaSetOptions = Record<never, never>>(
    key: Key,
    value: V,
    options: Exact<O, MetaSetOptions> = {} as Exact<O, MetaSetOptions>,
  ): Promise<MetaStored<O> | false | undefined> {
    checkCallOptions(options, CALL_OPTIONS.metaSet)
    return metaSet(this.runner, key, value, options) as never
  }

  async metaDelete(key: Key, options: MetaDeleteOptions = {}): Promise<boolean | undefined> {
    checkCallOptions(options, CALL_OPTIONS.metaDelete)
    const { keys, now } = this.runner
    return this.runner.run(metaDeleteCommand(keys.encode(key), options, now), options)
  }

  async metaArithmetic<const O extends MetaArithmeticOptions = Record<never, never>>(
    key: Key,
    options: Exact<O, MetaArithmeticOptions> = {} as Exact<O, MetaArithmeticOptions>,
  ): Promise<MetaCounter<O> | false | undefined> {
    checkCallOptions(options, CALL_OPTIONS.metaArithmetic)
    const { keys, now } = this.runner
    const command = metaArithmeticCommand(keys.encode(key), options, now)
    return this.runner.run(command as Command<unknown>, options) as never
  }

  async has(key: Key, options?: CommandOptions): Promise<boolean> {
    checkOptions(options, 'command')
    return this.runner.answered(
      METHODS.has,
      options,
      this.runner.run(new HasCommand(this.runner.keys.encode(key), this.runner.returnWin), options),
    )
  }

  async hasMany<K extends Key>(
    keys: Iterable<K>,
    options?: CommandOptions,
  ): Promise<Set<K extends string ? string : ItemKey>> {
    checkOptions(options, 'command')
    const answer = hasMany(this.runner, keys, options)
    return this.runner.answered(METHODS.hasMany, options, answer) as never
  }

  async inspect(key: Key, options?: CommandOptions): Promise<ItemMetadata | undefined> {
    checkOptions(options, 'command')
    const command = inspectCommand(
      this.runner.keys.encode(key),
      itemKey(key),
      this.runner.returnWin,
    )
    return this.runner.answered(
      METHODS.inspect,
      options,
      this.runner.run(command as Command<ItemMetadata | undefined>, options),
    )
  }
}
