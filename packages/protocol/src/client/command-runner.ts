import type { Command } from '../command.ts'
import { serdeTimeout } from '../commands/late-value.ts'
import type { LeaseHost } from '../commands/lease.ts'
import { StoreCommand, type StoreVerb } from '../commands/storage.ts'
import { MemcacheTimeoutError } from '../errors.ts'
import { checkFlags, toExptime } from '../integer.ts'
import { itemKey, type KeyEncoder, type WireKey } from '../key.ts'
import type {
  CasToken,
  CommandOptions,
  Key,
  StoreOptions,
  WriteOptions,
} from '../memcache-client.ts'
import type { MethodTraits } from '../methods.ts'
import type { Serde } from '../serde.ts'
import { inCallersContext } from './caller-context.ts'
import { Deadline } from './deadline.ts'
import { Ignoring } from './ignoring.ts'
import { LeaseNumbers } from './lease-numbers.ts'
import { leaseHost, returnWin } from './leases.ts'
import type { CommandClientSettings } from './options.ts'
import { type CommandBuilder, serializedCommand } from './serialized-command.ts'
import { watchSignal } from './watch-signal.ts'

/** What carries commands to a server. */
export interface Carrier {
  /** Name of the server, for errors. */
  readonly server: string
  /** Must settle the command within `timeout` milliseconds. */
  dispatch(command: Command, timeout: number): void
  /** Takes what went wrong that no caller waits for. */
  onError(error: unknown): void
}

type Resolve<T> = (value: T | PromiseLike<T>) => void

/** Runs the commands of one client by its settings: who waits for them, for how long, and with which serde. */
export class CommandRunner<V> {
  readonly keys: KeyEncoder
  /** Milliseconds of Unix time. */
  readonly now: () => number
  /** CAS tokens for items that are stored under leases. */
  readonly leaseNumbers: LeaseNumbers = new LeaseNumbers()
  readonly leaseHost: LeaseHost<V> = leaseHost(this)
  /** Gives back the win of a stale item that a plain read has taken. */
  readonly returnWin = (wire: WireKey): void => void returnWin(this, wire)
  readonly #serde: Serde<V>
  readonly #bindsSerde: boolean
  readonly #timeout: number
  readonly #ignoring: Ignoring | undefined
  readonly #defaultNoreply: boolean
  readonly #carrier: Carrier

  constructor(settings: CommandClientSettings<V>, now: () => number, carrier: Carrier) {
    this.keys = settings.keys
    this.#ignoring = settings.ignoreExc ? new Ignoring() : undefined
    this.now = now
    this.#serde = settings.serde
    this.#bindsSerde = settings.serde.ignoresContext !== true
    this.#timeout = settings.timeout
    this.#defaultNoreply = settings.defaultNoreply
    this.#carrier = carrier
  }

  /** The last error that `ignoreExc` covered. */
  get lastError(): Error | undefined {
    return this.#ignoring?.lastError
  }

  /** Settles with the reply. */
  run<T>(command: Command<T>, options: CommandOptions | undefined): Promise<T> {
    return new Promise((resolve, reject) => this.runOne(command, options, resolve, reject))
  }

  /** As `run`, for a call of many commands, which needs no promise for each. */
  runOne<T>(
    command: Command<T>,
    options: CommandOptions | undefined,
    resolve: Resolve<T>,
    reject: (error: unknown) => void,
  ): void {
    command.awaitedBy(resolve, reject)
    if (options?.signal !== undefined) watchSignal(command, options.signal)
    if (command.isSettled) return
    this.#carrier.dispatch(command, options?.timeout ?? this.#timeout)
  }

  /** Settles with the reply, or with noreply when the request is written. */
  write<T>(
    command: Command<T>,
    options: WriteOptions | undefined,
    early: T,
    defaultNoreply?: boolean,
  ): Promise<T> {
    return new Promise((resolve, reject) =>
      this.writeOne(command, options, early, resolve, reject, defaultNoreply),
    )
  }

  /** As `write`, for a call of many commands, which needs no promise for each. */
  writeOne<T>(
    command: Command<T>,
    options: WriteOptions | undefined,
    early: T,
    resolve: Resolve<T>,
    reject: (error: unknown) => void,
    defaultNoreply: boolean = this.#defaultNoreply,
  ): void {
    if (options?.noreply ?? defaultNoreply) {
      command.answerEarly(early, (error) => this.#carrier.onError(error))
    }
    this.runOne(command, options, resolve, reject)
  }

  /** The answer of a call; with `ignoreExc`, what stands for the errors that it covers. */
  answered<T>(
    method: MethodTraits,
    options: CommandOptions | undefined,
    answer: Promise<T>,
  ): Promise<T> {
    return this.#ignoring === undefined ? answer : this.#ignoring.answer(answer, method, options)
  }

  /** The deadline of a call that takes several steps. */
  deadline(options: CommandOptions | undefined, command: string): Deadline {
    const place = { server: this.#carrier.server, command }
    return new Deadline(options?.timeout ?? this.#timeout, options?.signal, undefined, place)
  }

  /** The serde for a read that is called now. */
  readingSerde(): Serde<V> {
    return this.#bindsSerde ? inCallersContext(this.#serde) : this.#serde
  }

  /** The command that stores a value, once its serde has written it. */
  storing(
    verb: StoreVerb,
    key: Key,
    value: V,
    options: StoreOptions | undefined,
    cas?: CasToken,
  ): StoreCommand | Promise<StoreCommand> {
    const wire = this.keys.encode(key)
    const exptime = options?.expire === undefined ? 0 : toExptime(options.expire, this.now)
    const own = options?.flags === undefined ? undefined : checkFlags(options.flags)
    return this.serializing(verb, key, value, (data, flags) => {
      return new StoreCommand(verb, wire, data, own ?? checkFlags(flags), exptime, cas)
    })
  }

  /** What `build` makes of the value once its serde has written it. */
  serializing<C>(name: string, key: Key, value: V, build: CommandBuilder<C>): C | Promise<C> {
    return serializedCommand(this.#serde, itemKey(key), value, name, build)
  }

  // Not async: it sits on the hot path.
  /** Stores when the value is written; both within the time of the call. */
  store(
    verb: StoreVerb,
    command: StoreCommand | Promise<StoreCommand>,
    options: StoreOptions | undefined,
    defaultNoreply?: boolean,
  ): Promise<boolean | undefined> {
    if (command instanceof StoreCommand) return this.write(command, options, true, defaultNoreply)
    return this.#storeLater(verb, command, options, defaultNoreply)
  }

  async #storeLater(
    verb: StoreVerb,
    command: Promise<StoreCommand>,
    options: StoreOptions | undefined,
    defaultNoreply: boolean | undefined,
  ): Promise<boolean | undefined> {
    const deadline = this.deadline(options, verb)
    const ready = await this.serialized(command, deadline, verb)
    return this.write(ready, deadline.step(options), true, defaultNoreply)
  }

  /** What a serde writes, unless the deadline passes or the signal aborts before. */
  async serialized<T>(work: Promise<T>, deadline: Deadline, command: string): Promise<T> {
    try {
      return await deadline.bound(work, false)
    } catch (error) {
      if (!(error instanceof MemcacheTimeoutError)) throw error
      throw serdeTimeout('written', { server: this.#carrier.server, command, written: false })
    }
  }
}
