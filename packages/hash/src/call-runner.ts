import type {
  CommandOptions,
  CommandTrace,
  ItemKey,
  Key,
  KeyEncoder,
  MethodTraits,
  WriteOptions,
} from '@mc/protocol'
import { closedError, currentTrace, Ignoring, keyList } from '@mc/protocol/toolkit'
import { type AllServersOutcome, runOnAll } from './all-servers.ts'
import type { CallTime } from './call-time.ts'
import type { Cluster } from './cluster.ts'
import { failureOf, isCovered, noServer } from './failure.ts'
import type { HashClientSettings } from './hash-client-options.ts'
import { allFailed, inOrderOf, type ManyKeysCall, runManyKeys } from './many-keys.ts'
import type { Probes, WhenReady } from './probes.ts'
import { routingText } from './routing-text.ts'
import type { Server, ServerCall } from './server.ts'
import { WaitingCalls } from './waiting-calls.ts'

/** What calls go by, beside the settings. */
export interface CallRules {
  /** Checks the keys that meet no client. */
  readonly keys: KeyEncoder
  readonly time: CallTime
  /** Given to each call that names none, for the client of its server does not know it. */
  readonly timeout: number | undefined
  /** What calls wait for while there is no server; `undefined` if none is to come. */
  readonly awaitServers: () => Promise<void> | undefined
}

/** Finds the servers of each call, runs it there, and makes one outcome of several. */
export class CallRunner<V> {
  readonly #settings: HashClientSettings
  readonly #cluster: Cluster<V>
  readonly #rules: CallRules
  readonly #waiting: WaitingCalls
  readonly #ignoring: Ignoring | undefined
  #closed: Promise<void> | undefined

  constructor(settings: HashClientSettings, cluster: Cluster<V>, rules: CallRules) {
    this.#settings = settings
    this.#cluster = cluster
    this.#rules = rules
    this.#waiting = new WaitingCalls(rules.time)
    this.#ignoring = settings.ignoreExc ? new Ignoring() : undefined
  }

  /** Takes no more calls; resolves when those in flight are done and all servers are let go. */
  close(): Promise<void> {
    this.#closed ??= this.#finish()
    return this.#closed
  }

  /** Clients made by `createClient` may have a prefix of their own: all are like the first. */
  get maxKeyLength(): number {
    const own = this.#rules.keys.maxKeyLength
    return Math.min(own, this.#cluster.servers[0]?.client.maxKeyLength ?? own)
  }

  /** The last error that `ignoreExc` covered. */
  get lastError(): Error | undefined {
    return this.#ignoring?.lastError
  }

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  /** The name of the server for a key now; `undefined` if none is left. @throws MemcacheIllegalInputError */
  nameFor(key: Key): string | undefined {
    this.#rules.keys.encode(key)
    return this.#serverFor(key)?.name
  }

  #serverFor(key: Key): Server<V> | undefined {
    const { keyHashForm } = this.#settings
    return this.#cluster.serverFor(routingText(key, keyHashForm, this.#rules.keys.hashesKeys))
  }

  /** Runs a call on the server of its key. */
  // Not async: with `ignoreExc` off, which is the hot path, it adds no promise to the server's.
  run<T, O extends CommandOptions>(
    method: MethodTraits,
    key: Key,
    given: O | undefined,
    send: ServerCall<V, T, O | undefined>['send'],
  ): Promise<T> {
    try {
      const probes = this.#begin()
      const server = this.#serverFor(key)
      // A call that is refused meets no client that would check its key.
      if (server?.health.state !== 'healthy') this.#rules.keys.encode(key)
      const options = this.#timed(given)
      const awaited = this.#awaited(server, probes)
      const isAwaited = this.isAwaited(method, given)
      const command = { name: method.name, send, isAwaited, trace: currentTrace() }
      const answer =
        server === undefined || awaited !== undefined
          ? this.#runAfter(awaited, options, (remaining) => this.#runLate(key, remaining, command))
          : server.run(command, options)
      return this.#ignoring === undefined ? answer : this.#ignoring.answer(answer, method, given)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #timed<O extends CommandOptions>(options: O | undefined): O | undefined {
    const { time, timeout } = this.#rules
    if (options?.timeout !== undefined) time.note(options)
    else if (timeout !== undefined) return { ...(options as O), timeout }
    return options
  }

  async #runLate<T, O extends CommandOptions>(
    key: Key,
    options: O | undefined,
    command: ServerCall<V, T, O | undefined>,
  ): Promise<T> {
    const server = this.#serverFor(key)
    if (server === undefined) throw noServer(command.name, this.#cluster)
    return server.run(command, options)
  }

  /** What a call waits for before it is sent, if anything: servers to come, or a probe that it started. */
  #awaited(
    server: Server<V> | undefined,
    probes: Probes<V> | undefined,
  ): Promise<unknown> | undefined {
    if (probes !== undefined) return probes.awaitedBy(server)
    return this.#cluster.isEmpty ? this.#rules.awaitServers() : undefined
  }

  /** The same for a call of many keys, which finds out its servers afterwards. */
  #awaitedByAll(probes: Probes<V> | undefined): Promise<unknown> | undefined {
    return probes === undefined || this.#cluster.isDown
      ? this.#awaited(undefined, probes)
      : undefined
  }

  /** Runs one server's part of a call, after the probe of that server if the call has started one. */
  #whenReady(probes: Probes<V> | undefined): WhenReady<V> {
    return (server, options, part) => this.#runAfter(probes?.awaitedBy(server), options, part)
  }

  #runAfter<T, O extends CommandOptions>(
    awaited: Promise<unknown> | undefined,
    options: O | undefined,
    call: (options: O | undefined) => Promise<T>,
  ): Promise<T> {
    return awaited === undefined ? call(options) : this.#waiting.run(awaited, options, call)
  }

  async readMany<T>(
    name: string,
    keys: Iterable<Key>,
    options: CommandOptions | undefined,
    send: ManyKeysCall<V, Key, Map<ItemKey, T>>['send'],
  ): Promise<Map<ItemKey, T>> {
    const items = keyList(keys)
    const found = new Map<ItemKey, T>()
    await this.runMany<Key, Map<ItemKey, T>, CommandOptions>(found, {
      name,
      items,
      options,
      keyOf: (key) => key,
      send,
      merge: (all, answer) => {
        for (const [key, value] of answer) all.set(key, value)
      },
      decide: (all, failed) => {
        for (const key of failed.keys()) if (all.has(key)) failed.delete(key)
      },
      isAwaited: true,
    })
    return inOrderOf(items, found)
  }

  /** Fills `results` and answers the keys that failed, all of which `ignoreExc` covers. */
  async runMany<I, R, O extends CommandOptions>(
    results: R,
    call: ManyKeysCall<V, I, R, O>,
  ): Promise<Map<ItemKey, Error>> {
    const trace = currentTrace()
    const probes = this.#begin()
    if (call.items.length === 0) return new Map()
    // All of them are checked before any is sent.
    for (const item of call.items) this.#rules.keys.encode(call.keyOf(item))
    const rules = {
      keysPerBatch: this.#settings.keysPerBatch,
      time: this.#rules.time,
      noServer: () => noServer(call.name, this.#cluster),
      whenReady: this.#whenReady(probes),
    }
    const { failed, anyCame } = await this.#runAfter(
      this.#awaitedByAll(probes),
      call.options,
      (options) => runManyKeys({ ...call, options }, (key) => this.#serverFor(key), results, rules),
    ).catch((error) => allFailed(call, error))
    this.#settle(results, failed, anyCame, trace)
    return failed
  }

  /**
   * Runs a command on every server at once; what failed is answered only with `ignoreExc`.
   *
   * @param isTimed - false for what has a time of its own, as connecting has
   */
  async onAll<T, O extends CommandOptions>(
    options: O | undefined,
    command: ServerCall<V, T, O | undefined>,
    isTimed = true,
  ): Promise<AllServersOutcome<T>> {
    const trace = currentTrace()
    const probes = this.#begin()
    const time = isTimed ? this.#rules.time : undefined
    const outcome = await this.#runAfter(this.#awaitedByAll(probes), options, (remaining) =>
      runOnAll({
        servers: this.#cluster.servers,
        command,
        options: remaining,
        whenReady: this.#whenReady(probes),
        time,
      }),
    ).catch((error) => ({ answers: new Map<string, T>(), failed: new Map([['', error]]) }))
    const { answers, failed } = outcome
    this.#settle(answers, failed, answers.size > 0, trace)
    return outcome
  }

  /** Rejects for what failed of a call that went to several servers, unless `ignoreExc` covers all of it. */
  #settle(
    results: unknown,
    failed: ReadonlyMap<string | Uint8Array, Error>,
    anyCame: boolean,
    trace: CommandTrace | undefined,
  ): void {
    const failure = failureOf(results, failed, anyCame)
    if (failure === undefined) return
    if (this.#ignoring === undefined || !isCovered(failed)) throw failure
    this.#ignoring.cover(failure, trace)
  }

  /** Whether success of a call shows that the server is well: not if it only means that bytes left. */
  isAwaited({ noreply }: MethodTraits, options: WriteOptions | undefined): boolean {
    switch (noreply) {
      case 'never':
        return true
      case 'asked':
        return options?.noreply !== true
      case 'default':
        return !(options?.noreply ?? this.#settings.defaultNoreply)
    }
  }

  /** What comes before every call. @throws MemcacheClosedError */
  #begin(): Probes<V> | undefined {
    if (this.#closed !== undefined) throw closedError()
    return this.#cluster.probeDead()
  }

  /** Servers may come until the last call that waits for them has them. @throws MemcacheClosedError */
  assertOpen(): void {
    if (this.#closed !== undefined && this.#waiting.isEmpty) throw closedError()
  }

  async #finish(): Promise<void> {
    const deadline = this.#rules.time.toClose()
    // Calls that the clients of servers never settle are left behind.
    await deadline.bound(this.#waiting.settled()).catch(() => {})
    await this.#cluster.retire(deadline)
  }
}
