import { isBinaryKey } from '../binary-key.ts'
import { MetaTouchCommand } from '../commands/binary-item.ts'
import { GetCommand } from '../commands/get.ts'
import { DeleteCommand, OkCommand, TouchCommand } from '../commands/line.ts'
import type { StoreVerb } from '../commands/storage.ts'
import { checkCas, checkDelay, toExptime } from '../integer.ts'
import { itemKey } from '../key.ts'
import type {
  CasOptions,
  CasToken,
  CommandOptions,
  Count,
  CounterOptions,
  DefaultTo,
  Deleted,
  DeleteManyOptions,
  Entries,
  Expire,
  FlushOptions,
  GetOptions,
  ItemKey,
  Key,
  MemcacheClient,
  StoreOptions,
  ValueWithCas,
  WriteOptions,
} from '../memcache-client.ts'
import { METHODS } from '../methods.ts'
import { traceMethods } from './call-trace.ts'
import { count } from './counters.ts'
import { LeaseCommandClient } from './lease-command-client.ts'
import { deleteMany, getMany, setMany } from './many-calls.ts'
import { keepingTtl } from './meta-calls.ts'
import { rejecting } from './rejecting.ts'
import { type CommandClientEvents, checkOptions } from './server-command-client.ts'

/**
 * The whole client interface, each call made a `Command`, over whatever carries commands to one server:
 * a connection, or a server in the same process.
 *
 * @typeParam V - the values that its serde takes and gives
 */
export abstract class CommandClient<V, E extends Record<keyof E, unknown[]> & CommandClientEvents>
  extends LeaseCommandClient<V, E>
  implements MemcacheClient<V>
{
  static {
    traceMethods(CommandClient.prototype)
  }

  get maxKeyLength(): number {
    return this.runner.keys.maxKeyLength
  }

  get<T = V>(key: Key, options: DefaultTo<null>): Promise<T | null>
  get<T = V>(key: Key, options: DefaultTo<NoInfer<T>>): Promise<T>
  get<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<T | D>
  get<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<T | D> {
    return this.#get<T, D>(key, false, undefined, options)
  }

  gets<T = V>(key: Key, options: DefaultTo<null>): Promise<ValueWithCas<T> | null>
  gets<T = V>(key: Key, options: DefaultTo<NoInfer<ValueWithCas<T>>>): Promise<ValueWithCas<T>>
  gets<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D>
  gets<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#get<ValueWithCas<T>, D>(key, true, undefined, options)
  }

  gat<T = V>(key: Key, expire: Expire | undefined, options: DefaultTo<null>): Promise<T | null>
  gat<T = V>(key: Key, expire: Expire | undefined, options: DefaultTo<NoInfer<T>>): Promise<T>
  gat<T = V, D = undefined>(key: Key, expire?: Expire, options?: GetOptions<D>): Promise<T | D>
  gat<T = V, D = undefined>(key: Key, expire: Expire = 0, options?: GetOptions<D>): Promise<T | D> {
    return this.#get<T, D>(key, false, expire, options)
  }

  gats<T = V>(
    key: Key,
    expire: Expire | undefined,
    options: DefaultTo<null>,
  ): Promise<ValueWithCas<T> | null>
  gats<T = V>(
    key: Key,
    expire: Expire | undefined,
    options: DefaultTo<NoInfer<ValueWithCas<T>>>,
  ): Promise<ValueWithCas<T>>
  gats<T = V, D = undefined>(
    key: Key,
    expire?: Expire,
    options?: GetOptions<D>,
  ): Promise<ValueWithCas<T> | D>
  gats<T = V, D = undefined>(
    key: Key,
    expire: Expire = 0,
    options?: GetOptions<D>,
  ): Promise<ValueWithCas<T> | D> {
    return this.#get<ValueWithCas<T>, D>(key, true, expire, options)
  }

  getMany<T = V>(keys: Iterable<string>, options?: CommandOptions): Promise<Map<string, T>>
  getMany<T = V>(keys: Iterable<Key>, options?: CommandOptions): Promise<Map<ItemKey, T>>
  getMany<T = V>(keys: Iterable<Key>, options?: CommandOptions): Promise<Map<ItemKey, T>> {
    return this.#getMany<T>(keys, false, options)
  }

  getsMany<T = V>(
    keys: Iterable<string>,
    options?: CommandOptions,
  ): Promise<Map<string, ValueWithCas<T>>>
  getsMany<T = V>(
    keys: Iterable<Key>,
    options?: CommandOptions,
  ): Promise<Map<ItemKey, ValueWithCas<T>>>
  getsMany<T = V>(
    keys: Iterable<Key>,
    options?: CommandOptions,
  ): Promise<Map<ItemKey, ValueWithCas<T>>> {
    return this.#getMany<ValueWithCas<T>>(keys, true, options)
  }

  set(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#store('set', key, value, options)
  }

  add(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#store('add', key, value, options)
  }

  replace(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#store('replace', key, value, options)
  }

  append(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#store('append', key, value, options)
  }

  prepend(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#store('prepend', key, value, options)
  }

  async cas(key: Key, value: V, cas: CasToken, options?: CasOptions): Promise<boolean | undefined> {
    checkOptions(options, 'cas')
    checkCas(cas)
    let own: StoreOptions | undefined = options
    if (options?.keepTtl === true) {
      const kept = await keepingTtl(this.runner, key, cas, options)
      if (kept === undefined || kept === false) return kept
      own = kept
    }
    const command = this.runner.storing('cas', key, value, own, cas)
    return this.runner.store('cas', command, own, false)
  }

  async setMany(entries: Entries<V>, options?: StoreOptions): Promise<ItemKey[]> {
    checkOptions(options, 'store')
    return setMany(this.runner, entries, options)
  }

  incr<N extends number | bigint = number>(
    key: Key,
    delta: N = 1 as N,
    options?: CounterOptions,
  ): Promise<Count<N> | undefined> {
    return this.#count('incr', key, delta, options)
  }

  decr<N extends number | bigint = number>(
    key: Key,
    delta: N = 1 as N,
    options?: CounterOptions,
  ): Promise<Count<N> | undefined> {
    return this.#count('decr', key, delta, options)
  }

  touch(key: Key, expire: Expire = 0, options?: WriteOptions): Promise<boolean> {
    return rejecting(() => {
      checkOptions(options, 'write')
      const wire = this.runner.keys.encode(key)
      const exptime = toExptime(expire, this.runner.now)
      const command = isBinaryKey(wire)
        ? new MetaTouchCommand(wire, exptime, this.runner.returnWin)
        : new TouchCommand(wire, exptime)
      return this.runner.write(command, options, true)
    })
  }

  delete(key: Key, options?: WriteOptions): Promise<boolean> {
    return rejecting(() => {
      checkOptions(options, 'write')
      return this.runner.write(new DeleteCommand(this.runner.keys.encode(key)), options, true)
    })
  }

  async deleteMany<const O extends DeleteManyOptions = WriteOptions>(
    keys: Iterable<Key>,
    options?: O,
  ): Promise<Deleted<O>> {
    checkOptions(options, 'deleteMany')
    return (await deleteMany(this.runner, keys, options)) as Deleted<O>
  }

  async flushAll(options?: FlushOptions): Promise<boolean> {
    checkOptions(options, 'flush')
    const delay = checkDelay(options?.delay ?? 0)
    const line = delay === 0 ? 'flush_all' : `flush_all ${delay}`
    return this.runner.write(new OkCommand('flush_all', line), options, true)
  }

  // Without `rejecting`, as #store: its closure takes a hundredth of a get.
  #get<T, D>(
    key: Key,
    withCas: boolean,
    expire: Expire | undefined,
    options: GetOptions<D> | undefined,
  ): Promise<T | D> {
    let command: GetCommand<V, T, D>
    const miss = options?.default as D
    try {
      checkOptions(options, 'read')
      const exptime = expire === undefined ? undefined : toExptime(expire, this.runner.now)
      const wire = this.runner.keys.encode(key)
      command = new GetCommand(
        wire,
        itemKey(key),
        this.runner.readingSerde(),
        withCas,
        miss,
        exptime,
        this.runner.returnWin,
      )
    } catch (error) {
      return Promise.reject(error)
    }
    const answer = this.runner.run(command, options)
    return this.runner.answered(METHODS.get, options, answer)
  }

  #getMany<T>(
    keys: Iterable<Key>,
    withCas: boolean,
    options: CommandOptions | undefined,
  ): Promise<Map<ItemKey, T>> {
    const answer = this.#hitsOf<T>(keys, withCas, options)
    return this.runner.answered(METHODS.getMany, options, answer)
  }

  async #hitsOf<T>(
    keys: Iterable<Key>,
    withCas: boolean,
    options: CommandOptions | undefined,
  ): Promise<Map<ItemKey, T>> {
    checkOptions(options, 'command')
    return getMany(this.runner, keys, withCas, options)
  }

  #count<N extends number | bigint>(
    verb: 'incr' | 'decr',
    key: Key,
    delta: N,
    options: CounterOptions | undefined,
  ): Promise<Count<N> | undefined> {
    return rejecting(() => {
      checkOptions(options, 'counter')
      return count(this.runner, verb, key, delta, options)
    })
  }

  #store(verb: StoreVerb, key: Key, value: V, options: StoreOptions | undefined): Promise<boolean> {
    try {
      checkOptions(options, 'store')
      const command = this.runner.storing(verb, key, value, options)
      return this.runner.store(verb, command, options) as Promise<boolean>
    } catch (error) {
      return Promise.reject(error)
    }
  }
}
