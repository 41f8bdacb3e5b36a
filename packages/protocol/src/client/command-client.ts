import type { Command } from '../command.ts'
import { GetCommand } from '../commands/get.ts'
import { serdeTimeout } from '../commands/late-value.ts'
import {
  CounterCommand,
  DeleteCommand,
  OkCommand,
  ShutdownCommand,
  TouchCommand,
  VersionCommand,
} from '../commands/line.ts'
import { RawCommand } from '../commands/raw.ts'
import { StatsCommand } from '../commands/stats.ts'
import { StoreCommand, type StoreVerb } from '../commands/storage.ts'
import { MemcacheTimeoutError } from '../errors.ts'
import { checkCas, checkDelay, checkInteger, toExptime } from '../integer.ts'
import { itemKey, type KeyEncoder } from '../key.ts'
import { entryPairs, keyList } from '../many-keys.ts'
import type {
  CasToken,
  CommandOptions,
  Count,
  DefaultTo,
  Entries,
  Expire,
  FlushOptions,
  GetOptions,
  ItemKey,
  Key,
  MemcacheClient,
  RawCommandOptions,
  ServerCommands,
  Stats,
  StoreOptions,
  ValueWithCas,
  WriteOptions,
} from '../memcache-client.ts'
import { METHODS } from '../methods.ts'
import type { Serde } from '../serde.ts'
import { Announcer } from './announcer.ts'
import { inCallersContext } from './caller-context.ts'
import { captureCalls } from './captured-calls.ts'
import { Deadline } from './deadline.ts'
import { orIgnored } from './ignoring.ts'
import {
  checkOutcome,
  encodeNth,
  errorOfNth,
  type KeyCommand,
  linesOfKeys,
  needsDeadline,
  settleLines,
  settleMany,
} from './many.ts'
import {
  CALL_OPTIONS,
  type CommandClientOptions,
  checkCallOptions,
  commandClientSettings,
} from './options.ts'
import { storeCommand } from './store-command.ts'
import { watchSignal } from './watch-signal.ts'

/** Events of every `CommandClient`. None of them needs a listener. */
export interface CommandClientEvents {
  /** Something failed that no caller waits for, such as a write with `noreply`. */
  error: [error: Error]
}

/**
 * The whole client interface, each call made a `Command`, over whatever carries commands to one server:
 * a connection, or a server in the same process.
 *
 * @typeParam V - the values that its serde takes and gives
 */
export abstract class CommandClient<V, E extends Record<keyof E, unknown[]> & CommandClientEvents>
  extends Announcer<E>
  implements MemcacheClient<V>, ServerCommands
{
  /** Name of the server, for errors. */
  abstract readonly server: string

  readonly #keys: KeyEncoder
  readonly #serde: Serde<V>
  readonly #bindsSerde: boolean
  readonly #timeout: number
  readonly #ignoreExc: boolean
  readonly #defaultNoreply: boolean
  readonly #now: () => number

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
    this.#keys = settings.keys
    this.#serde = settings.serde
    this.#bindsSerde = this.#serde.ignoresContext !== true
    this.#timeout = settings.timeout
    this.#ignoreExc = settings.ignoreExc
    this.#defaultNoreply = settings.defaultNoreply
    this.#now = now
    if (settings.captureStack) captureCalls(this)
  }

  /** Carries a command to the server. It must settle it within `timeout` milliseconds. */
  protected abstract dispatch(command: Command, timeout: number): void

  abstract quit(): Promise<void>
  abstract close(): Promise<void>

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

  async cas(
    key: Key,
    value: V,
    cas: CasToken,
    options?: StoreOptions,
  ): Promise<boolean | undefined> {
    checkOptions(options, 'store')
    checkCas(cas)
    const command = this.#storeCommand('cas', key, value, options, cas)
    if (command instanceof StoreCommand) return this.#write(command, options, true, false)
    const deadline = this.#deadline(options, 'cas')
    const ready = await this.#serialized(command, deadline, 'cas')
    return this.#write(ready, deadline.step(options), true, false)
  }

  async setMany(entries: Entries<V>, options?: StoreOptions): Promise<ItemKey[]> {
    checkOptions(options, 'store')
    const pairs = entryPairs(entries)
    let deadline = needsDeadline(pairs.length) ? this.#deadline(options, 'set') : undefined
    const commands: KeyCommand<StoreCommand>[] = []
    const unready: Promise<unknown>[] = []
    // All of them are checked before any is sent.
    for (const [index, [key, value]] of pairs.entries()) {
      const keep = (command: StoreCommand): void => {
        commands[index] = { key: itemKey(key), command }
      }
      const fail = (error: unknown): never => {
        throw errorOfNth(error, index, pairs.length)
      }
      try {
        const command = this.#storeCommand('set', key, value, options)
        if (command instanceof StoreCommand) keep(command)
        else unready.push(command.then(keep, fail))
      } catch (error) {
        for (const promise of unready) promise.catch(() => {})
        fail(error)
      }
    }
    // Not a turn later where it need not be: calls are sent in the order in which they are made.
    if (unready.length > 0) {
      deadline ??= this.#deadline(options, 'set')
      await this.#serialized(Promise.all(unready), deadline, 'set')
    }
    const notStored: ItemKey[] = []
    const outcome = await settleMany(
      commands,
      { options, deadline },
      (command, step, resolve, reject) => this.#send(command, step, true, resolve, reject),
      (key, isStored) => isStored || notStored.push(key),
    )
    // A key that comes twice may have failed as well.
    const { failed } = outcome
    checkOutcome(outcome, failed.size === 0 ? [] : notStored.filter((key) => !failed.has(key)))
    return notStored
  }

  incr<N extends number | bigint = number>(
    key: Key,
    delta?: N,
    options?: WriteOptions,
  ): Promise<Count<N> | undefined> {
    return this.#count('incr', key, delta, options)
  }

  decr<N extends number | bigint = number>(
    key: Key,
    delta?: N,
    options?: WriteOptions,
  ): Promise<Count<N> | undefined> {
    return this.#count('decr', key, delta, options)
  }

  async touch(key: Key, expire: Expire = 0, options?: WriteOptions): Promise<boolean> {
    checkOptions(options, 'write')
    const command = new TouchCommand(this.#keys.encode(key), toExptime(expire, this.#now))
    return this.#write(command, options, true)
  }

  async delete(key: Key, options?: WriteOptions): Promise<boolean> {
    checkOptions(options, 'write')
    return this.#write(new DeleteCommand(this.#keys.encode(key)), options, true)
  }

  async deleteMany(keys: Iterable<Key>, options?: WriteOptions): Promise<true> {
    checkOptions(options, 'write')
    const list = keyList(keys)
    const deadline = needsDeadline(list.length) ? this.#deadline(options, 'delete') : undefined
    const commands = list.map((key, index) => ({
      command: new DeleteCommand(encodeNth(this.#keys, key, index, list.length)),
      key: itemKey(key),
    }))
    const outcome = await settleMany(
      commands,
      { options, deadline },
      (command, step, resolve, reject) => this.#send(command, step, true, resolve, reject),
    )
    checkOutcome(outcome, true)
    return true
  }

  async flushAll(options?: FlushOptions): Promise<boolean> {
    checkOptions(options, 'flush')
    const delay = checkDelay(options?.delay ?? 0)
    const line = delay === 0 ? 'flush_all' : `flush_all ${delay}`
    return this.#write(new OkCommand('flush_all', line), options, true)
  }

  async stats(...args: readonly string[]): Promise<Stats> {
    const answer = this.#execute(new StatsCommand(args), undefined)
    return this.#ignoreExc ? orIgnored(answer, METHODS.stats, undefined) : answer
  }

  version(options?: CommandOptions): Promise<string> {
    return this.execute(new VersionCommand(), options)
  }

  async verbosity(level: number, options?: WriteOptions): Promise<true> {
    checkOptions(options, 'write')
    const line = `verbosity ${checkInteger('level', level, 0, 0xffffffff)}`
    return this.#write(new OkCommand('verbosity', line), options, true, false)
  }

  async cacheMemlimit(megabytes: number, options?: WriteOptions): Promise<true> {
    checkOptions(options, 'write')
    const line = `cache_memlimit ${checkInteger('megabytes', megabytes, 1, 0xffffffff)}`
    return this.#write(new OkCommand('cache_memlimit', line), options, true, false)
  }

  async shutdown(
    options?: CommandOptions & { readonly graceful?: boolean | undefined },
  ): Promise<void> {
    checkOptions(options, 'shutdown')
    return this.#execute(new ShutdownCommand(options?.graceful ?? false), options)
  }

  async rawCommand(command: string | Uint8Array, options?: RawCommandOptions): Promise<Buffer> {
    checkOptions(options, 'raw')
    return this.#execute(new RawCommand(command, options?.endToken ?? '\r\n'), options)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Runs any command of the protocol, such as a `MetaCommand`. */
  execute<T>(command: Command<T>, options?: CommandOptions): Promise<T> {
    try {
      checkOptions(options, 'command')
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#execute(command, options)
  }

  /** Once the options are checked. */
  #execute<T>(command: Command<T>, options: CommandOptions | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      command.awaitedBy(resolve, reject)
      this.#submit(command, options)
    })
  }

  #submit<T>(command: Command<T>, options: CommandOptions | undefined): void {
    if (options?.signal !== undefined) watchSignal(command, options.signal)
    if (command.isSettled) return
    this.dispatch(command, options?.timeout ?? this.#timeout)
  }

  /** Settles with the reply, or with noreply when the request is written. */
  #write<T>(
    command: Command<T>,
    options: WriteOptions | undefined,
    early: T,
    defaultNoreply: boolean = this.#defaultNoreply,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#send(command, options, early, resolve, reject, defaultNoreply)
    })
  }

  #send<T>(
    command: Command<T>,
    options: WriteOptions | undefined,
    early: T,
    resolve: (value: T | PromiseLike<T>) => void,
    reject: (error: unknown) => void,
    defaultNoreply: boolean = this.#defaultNoreply,
  ): void {
    command.awaitedBy(resolve, reject)
    if (options?.noreply ?? defaultNoreply) {
      command.answerEarly(early, (error) => this.announce('error', ...([error] as E['error'])))
    }
    this.#submit(command, options)
  }

  // Not async, as are #store and what calls them: these sit on the hot path.
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
      const exptime = expire === undefined ? undefined : toExptime(expire, this.#now)
      const wire = this.#keys.encode(key)
      command = new GetCommand(wire, itemKey(key), this.#readingSerde(), withCas, miss, exptime)
    } catch (error) {
      return Promise.reject(error)
    }
    const answer = this.#execute(command, options)
    return this.#ignoreExc ? orIgnored(answer, METHODS.get, options) : answer
  }

  #getMany<T>(
    keys: Iterable<Key>,
    withCas: boolean,
    options: CommandOptions | undefined,
  ): Promise<Map<ItemKey, T>> {
    const answer = this.#hitsOf<T>(keys, withCas, options)
    return this.#ignoreExc ? orIgnored(answer, METHODS.getMany, options) : answer
  }

  async #hitsOf<T>(
    keys: Iterable<Key>,
    withCas: boolean,
    options: CommandOptions | undefined,
  ): Promise<Map<ItemKey, T>> {
    checkOptions(options, 'command')
    const results = new Map<ItemKey, T>()
    const found = { results, failed: new Map<ItemKey, Error>() }
    const lines = linesOfKeys(keys, this.#keys, { serde: this.#readingSerde(), withCas }, found)
    const deadline = needsDeadline(lines.length)
      ? this.#deadline(options, withCas ? 'gets' : 'get')
      : undefined
    await settleLines(
      lines,
      { options, deadline },
      (line, step) => this.#execute(line, step),
      found,
    )
    return results
  }

  #store(verb: StoreVerb, key: Key, value: V, options: StoreOptions | undefined): Promise<boolean> {
    try {
      checkOptions(options, 'store')
      const command = this.#storeCommand(verb, key, value, options)
      if (command instanceof StoreCommand)
        return this.#write(command, options, true) as Promise<boolean>
      return this.#storeLater(verb, command, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async #storeLater(
    verb: StoreVerb,
    command: Promise<StoreCommand>,
    options: StoreOptions | undefined,
  ): Promise<boolean> {
    const deadline = this.#deadline(options, verb)
    const ready = await this.#serialized(command, deadline, verb)
    return this.#write(ready, deadline.step(options), true) as Promise<boolean>
  }

  /** What a serde writes, unless the deadline passes or the signal aborts before. */
  async #serialized<T>(work: Promise<T>, deadline: Deadline, command: string): Promise<T> {
    try {
      return await deadline.bound(work, false)
    } catch (error) {
      if (!(error instanceof MemcacheTimeoutError)) throw error
      throw serdeTimeout('written', { server: this.server, command, written: false })
    }
  }

  /** The deadline of a call that takes several steps. */
  #deadline(options: CommandOptions | undefined, command: string): Deadline {
    const place = { server: this.server, command }
    return new Deadline(options?.timeout ?? this.#timeout, options?.signal, undefined, place)
  }

  /** The serde for a read that is called now. */
  #readingSerde(): Serde<V> {
    return this.#bindsSerde ? inCallersContext(this.#serde) : this.#serde
  }

  #storeCommand(
    verb: StoreVerb,
    key: Key,
    value: V,
    options: StoreOptions | undefined,
    cas?: CasToken,
  ): StoreCommand | Promise<StoreCommand> {
    return storeCommand(verb, this.#keys, key, this.#serde, value, options, cas, this.#now)
  }

  async #count<N extends number | bigint>(
    verb: 'incr' | 'decr',
    key: Key,
    delta: N = 1 as N,
    options: WriteOptions | undefined,
  ): Promise<Count<N> | undefined> {
    checkOptions(options, 'write')
    const command = new CounterCommand(verb, this.#keys.encode(key), delta)
    return this.#write(command, options, undefined, false)
  }
}

/** @throws MemcacheIllegalInputError for options that this kind of call does not take */
function checkOptions(options: CommandOptions | undefined, kind: keyof typeof CALL_OPTIONS): void {
  if (options !== undefined) checkCallOptions(options, CALL_OPTIONS[kind])
}
