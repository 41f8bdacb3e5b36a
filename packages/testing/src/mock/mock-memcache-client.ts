import { AsyncLocalStorage } from 'node:async_hooks'
import {
  CLIENT_METHODS,
  type ClientMethod,
  type Command,
  CommandClient,
  type CommandClientEvents,
  type CommandClientOptions,
  type Dialect,
  METHODS,
  MemcacheTimeoutError,
  type Serde,
} from '@mc/protocol'
import {
  COMMAND_CLIENT_OPTIONS,
  checkFunction,
  checkNumber,
  checkOneOf,
  closedError,
  isError,
  isTraced,
  mustBe,
  optionNames,
  partOf,
  showAs,
  traceCall,
} from '@mc/protocol/toolkit'
import { type NativeValue, nativeSerde } from '@mc/serde'
import type { EmbeddedServerState } from '../server/exchange.ts'
import {
  createServerState,
  SERVER_STATE_OPTIONS,
  type ServerStateOptions,
} from '../server/server-state.ts'
import { type ServerItem, snapshotOf } from '../server/snapshot.ts'
import { sleep } from '../timers.ts'
import { MOCK_SERVER, MockConnection } from './mock-connection.ts'

/** Options of `MockMemcacheClient`: of `Client` those that change what calls mean, and of its server. */
export interface MockMemcacheClientOptions<V = NativeValue>
  extends CommandClientOptions<V>,
    ServerStateOptions {
  /** As a server of this dialect answers. @default 'meta' */
  readonly dialect?: Dialect | undefined
  /** Milliseconds until a call is answered. Can be changed later. @default 0 */
  readonly latency?: number | undefined
  /** What latency is waited with. @default a timer */
  readonly sleep?: ((milliseconds: number) => Promise<unknown>) | undefined
}

const MOCK_OPTIONS: ReadonlySet<string> = new Set([
  ...COMMAND_CLIENT_OPTIONS,
  ...SERVER_STATE_OPTIONS,
  ...optionNames<Pick<MockMemcacheClientOptions, 'dialect' | 'latency' | 'sleep'>>({
    dialect: true,
    latency: true,
    sleep: true,
  }),
])

/** A call as the mock saw it. */
export interface MockCall {
  /** Name of the method. */
  readonly method: ClientMethod
  /** Its arguments. */
  readonly args: readonly unknown[]
  /** What it answered; `undefined` until then. */
  readonly result: unknown
  /** What it failed with. */
  readonly error: unknown
}

/** Which calls `failNext` is about. */
export interface FailNextOptions {
  /** How many calls. @default 1 */
  readonly times?: number | undefined
  /** Calls of this method only. @default any that would reach the server */
  readonly method?: ClientMethod | undefined
}

interface Failure {
  readonly error: Error
  readonly method: ClientMethod | undefined
  left: number
}

/** A call in progress: it may take many commands, all of which fail if it is to fail. */
interface Running {
  readonly mock: object
  readonly method: ClientMethod
  failure?: unknown
}

/** One for all mocks: in Node 20 each slows every promise of the process down. */
const RUNNING = new AsyncLocalStorage<Running>()

/** Runs before or after a call; the call waits for its promise. */
export type MockHook = (call: MockCall) => void | Promise<void>

/**
 * A client for tests, with its server in memory: no socket, no timer, nothing to install. It answers as
 * `Client` does on memcached 1.6.18, since it is the same client in front of the same embedded server
 * without a network between them: types, expiry, CAS tokens, counters, refused keys, size limits.
 *
 * ```ts
 * const cache = new MockMemcacheClient()
 * await service(cache)
 * expect(cache.calls.map(({ method }) => method)).toEqual(['get', 'set'])
 * ```
 *
 * @typeParam V - the values that its serde takes and gives
 */
export class MockMemcacheClient<V = NativeValue> extends CommandClient<V, CommandClientEvents> {
  static {
    showAs(MockMemcacheClient, ({ server, calls }) => ({ server, calls: calls.length }))
    for (const method of CLIENT_METHODS) {
      const original = CommandClient.prototype[method] as (...args: unknown[]) => Promise<unknown>
      Object.defineProperty(MockMemcacheClient.prototype, method, {
        value(this: MockMemcacheClient, ...args: unknown[]) {
          const run = (given: unknown[]): Promise<unknown> =>
            this.#record(
              method,
              args,
              partOf(() => original.apply(this, given)),
            )
          return isTraced() ? traceCall(this, METHODS[method], args, run) : run(args)
        },
        writable: true,
        configurable: true,
      })
    }
  }

  /** What errors call it. */
  readonly server: string = MOCK_SERVER
  /** Milliseconds until a call is answered; the server acts at once. */
  latency: number
  /**
   * Runs before a call reaches the server: a promise holds the call back until it settles, and an error fails it
   * as one of `failNext` does.
   */
  before: MockHook | undefined
  /** Runs when the server has answered and the caller does not know it yet. An error rejects the call. */
  after: MockHook | undefined

  readonly #options: MockMemcacheClientOptions<V>
  readonly #sleep: (milliseconds: number) => Promise<unknown>
  readonly #underWay = new Set<Promise<void>>()
  readonly #failures: Failure[] = []
  #calls: MockCall[] = []
  #state: EmbeddedServerState
  #connection: MockConnection
  #isClosed = false

  /** @throws as `Client`, and TypeError or RangeError for an invalid limit, dialect or latency */
  constructor(options: MockMemcacheClientOptions<V> = {}) {
    super(
      options,
      nativeSerde as unknown as Serde<V>,
      options?.now ?? (() => Date.now()),
      MOCK_OPTIONS,
    )
    const { latency = 0, dialect = 'meta' } = options
    this.latency = checkNumber('latency', latency, { min: 0, unit: 'milliseconds' })
    this.#options = options
    this.#sleep = checkFunction('sleep', options.sleep) ?? sleep
    checkOneOf('dialect', dialect, ['meta', 'text'])
    this.#state = this.#newState()
    this.#connection = new MockConnection(this.#state, dialect)
  }

  /** The calls so far, in their order; not those for `clear` and the like. */
  get calls(): readonly MockCall[] {
    return this.#calls
  }

  /** Forgets the calls so far. */
  clearCalls(): void {
    this.#calls = []
  }

  /** Removes all items. The log of calls stays. */
  clear(): void {
    this.#state = this.#newState()
    this.#connection = new MockConnection(this.#state, this.#options.dialect ?? 'meta')
  }

  /** The items that a call would find now, sorted by key. */
  snapshot(): ServerItem[] {
    return snapshotOf(this.#state.store)
  }

  /**
   * Lets coming calls fail with this error before they reach the server. What the options of the client
   * make of an error holds for it: with `ignoreExc` a read answers a miss.
   *
   * @throws TypeError or RangeError for what is no error, method or number of calls
   */
  failNext(error: Error, { times = 1, method }: FailNextOptions = {}): void {
    if (!isError(error)) mustBe('error', 'an Error', error)
    checkNumber('times', times, { integer: true, min: 1 })
    if (method !== undefined) checkOneOf('method', method, CLIENT_METHODS)
    this.#failures.push({ error, method, left: times })
  }

  /** Does nothing: there is nothing to connect to. */
  async connect(): Promise<void> {
    if (this.#isClosed) throw closedError(MOCK_SERVER)
  }

  async quit(): Promise<void> {}

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#underWay)
  }

  protected dispatch(command: Command, timeout: number): void {
    if (this.#isClosed) {
      command.reject(closedError(MOCK_SERVER))
      return
    }
    const failure = this.#failureOf(RUNNING.getStore())
    if (failure !== undefined) {
      command.reject(failure)
      return
    }
    command.deadline = performance.now() + timeout
    const carried = this.#carry(command, timeout)
    this.#underWay.add(carried)
    void carried.then(() => this.#underWay.delete(carried))
  }

  async #carry(command: Command, timeout: number): Promise<void> {
    let settle: () => void
    try {
      settle = this.#connection.send(command)
    } catch (error) {
      command.reject(error)
      return
    }
    // As with a real one, no call is answered while its caller still runs.
    await undefined
    command.written()
    if (this.latency > 0) await this.#sleep(Math.min(this.latency, timeout))
    if (command.isSettled) return
    if (this.latency <= timeout) settle()
    else {
      const place = { server: MOCK_SERVER, command: command.name, written: true }
      command.reject(new MemcacheTimeoutError('no reply before the deadline', place))
    }
  }

  #record(method: ClientMethod, args: readonly unknown[], run: () => Promise<unknown>) {
    const call: { -readonly [name in keyof MockCall]: MockCall[name] } = {
      ...{ method, args },
      ...{ result: undefined, error: undefined },
    }
    this.#calls.push(call)
    const running: Running = { mock: this, method }
    const isHooked = this.before !== undefined || this.after !== undefined
    const answer = RUNNING.run(running, () =>
      isHooked ? this.#runHooked(call, running, run) : run(),
    )
    answer.then(
      (result) => {
        call.result = result
      },
      (error: unknown) => {
        call.error = error
      },
    )
    return answer
  }

  async #runHooked(
    call: MockCall,
    running: Running,
    run: () => Promise<unknown>,
  ): Promise<unknown> {
    try {
      const waiting = this.before?.(call)
      // A hook that does not wait leaves the server to act at once.
      if (waiting !== undefined) await waiting
    } catch (error) {
      running.failure = error
    }
    const result = await run()
    await this.after?.(call)
    return result
  }

  #failureOf(running: Running | undefined): unknown {
    if (running?.mock !== this) return undefined
    if ('failure' in running) return running.failure
    const due = this.#failures.find(
      ({ method, left }) => left > 0 && (method === undefined || method === running.method),
    )
    if (due !== undefined) due.left--
    running.failure = due?.error
    return running.failure
  }

  #newState(): EmbeddedServerState {
    const settings = { verbosity: 0, port: 0, host: undefined, path: undefined, tls: false }
    return createServerState(this.#options, settings, new Set())
  }
}
