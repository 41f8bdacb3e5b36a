import type { FetchOptions } from '../../src/index.ts'
import { FetchClient } from '../../src/index.ts'
import { Calls } from './calls.ts'
import { Invalidations } from './invalidations.ts'
import { Items } from './items.ts'
import { Journal } from './journal.ts'
import { LoadError, Loads } from './loads.ts'
import type { ModelServer } from './model-server.ts'
import { Motion } from './motion.ts'
import { ModelClient, Network, nameOf } from './network.ts'
import type { LoadPlan, Setting, Step } from './schedule.ts'
import { Source, type Value, valueAt } from './source.ts'
import { settle, type VirtualTime } from './virtual-time.ts'

const PROCESSES = 3
/** Milliseconds of a cache command. */
const TIMEOUT = 400
const WAIT_TIMEOUT = 2000
const LOAD_TIMEOUT = 10_000
/** Seconds. */
const EXPIRE = 10
const NEGATIVE_EXPIRE = 2

const NO_WINDOWS = { staleWhileRevalidate: 0, staleIfError: 0, refreshAhead: 0 }

/** A wait, the read after it, and as much again for a read that is lost. */
const LONGEST_WAIT = 1.5 * WAIT_TIMEOUT + 4 * TIMEOUT + 500

/** Of a load that failed its release, the read of a waiter that comes next, and the pause before it. */
const LONGEST_IDLE = 3 * TIMEOUT

/** Processes that fetch from one source through one cache, and everything that happens to them. */
export class Fleet {
  readonly journal: Journal
  readonly #time: VirtualTime
  readonly #server: ModelServer
  readonly #setting: Setting
  readonly #source = new Source()
  readonly #items: Items
  readonly #loads: Loads
  readonly #invalidations: Invalidations
  readonly #calls: Calls
  readonly #network: Network
  readonly #motion: Motion
  readonly #processes: FetchClient<Value>[] = []
  /** The process in each place: another when it was killed. */
  readonly #places: number[] = []
  #others = 0

  constructor(time: VirtualTime, server: ModelServer, setting: Setting) {
    const now = (): number => time.now
    const journal = new Journal(now)
    const items = new Items(journal, now, server.hasClock)
    // In text nobody can see how long an item has to live, so that there are none of these.
    const { staleWhileRevalidate, staleIfError, refreshAhead } =
      setting.dialect === 'meta' ? setting : NO_WINDOWS
    const windows = Math.max(staleWhileRevalidate, staleIfError)
    const rules = {
      waitTimeout: WAIT_TIMEOUT,
      loadTimeout: LOAD_TIMEOUT,
      refreshWithin: windows + refreshAhead + 1,
    }
    this.journal = journal
    this.#time = time
    this.#server = server
    this.#setting = setting
    this.#items = items
    this.#loads = new Loads(this.#source, items, journal, now, rules)
    this.#invalidations = new Invalidations(this.#source, journal)
    const parts = { loads: this.#loads, invalidations: this.#invalidations, items, journal }
    this.#calls = new Calls(parts, now, {
      waitTimeout: WAIT_TIMEOUT,
      softTimeout: setting.softTimeout ?? Number.POSITIVE_INFINITY,
      longestWait: LONGEST_WAIT,
      longestIdle: LONGEST_IDLE,
      storedFor: this.#onItsClock((EXPIRE + windows) * 1000),
      // Whole seconds are counted.
      answeredFor: this.#onItsClock((EXPIRE + staleWhileRevalidate + 1) * 1000),
    })
    this.#network = new Network(server, journal, setting.dialect, {
      onArrival: (message) => items.observe(message),
    })
    const moved = { network: this.#network, loads: this.#loads, calls: this.#calls, journal }
    this.#motion = new Motion(time, moved)
    for (let place = 0; place < PROCESSES; place++) this.#startProcess(place)
  }

  /** Follows the schedule to its end, and checks what is left then. */
  async follow(steps: readonly Step[]): Promise<void> {
    const onUnhandled = (error: unknown): void => {
      this.journal.complain(`nobody handles ${error}`)
    }
    process.on('unhandledRejection', onUnhandled)
    try {
      await this.#follow(steps)
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }
    this.journal.check()
  }

  async #follow(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      this.journal.begin(`- ${JSON.stringify(step)}`)
      await this.#do(step)
      await settle()
      if ('flows' in step && step.flows) await this.#motion.flow()
    }
    this.journal.begin('- the end')
    for (let place = 0; place < PROCESSES; place++) {
      this.#network.cut(this.#places[place] as number, false)
    }
    await this.#motion.settle()
    // Whatever happened, everybody reads what holds now.
    for (let place = 0; place < PROCESSES; place++) {
      for (let key = 0; key < this.#setting.keys; key++) this.#fetch(place, key, QUICK)
    }
    await this.#motion.settle()
    await this.#motion.checkTimers()
    this.#checkNothingIsLeft()
  }

  async #do(step: Step): Promise<void> {
    switch (step.do) {
      case 'fetch':
        return this.#fetch(step.process, step.key, step.plan)
      case 'fetchMany':
        return this.#fetchMany(step.process, step.plan)
      case 'get':
        return this.#get(step.process, step.key)
      case 'invalidate':
      case 'delete':
        return this.#invalidate(step)
      case 'set':
        return this.#set(this.#keyOf(step.key))
      case 'flush':
        return this.#flush()
      case 'restart':
        this.#items.clear()
        this.journal.faultAll()
        return this.#network.restart()
      case 'flow':
        return this.#motion.flow()
      case 'arrive':
        return pick(this.#network.arrivals, step.pick, (it) => this.#network.arrive(it))
      case 'answer':
        return pick(this.#network.answers, step.pick, (it) => this.#network.answer(it))
      case 'lose': {
        const all = [...this.#network.arrivals, ...this.#network.answers]
        return pick(all, step.pick, (it) => this.#network.lose(it))
      }
      case 'refuse':
        return pick(this.#network.arrivals, step.pick, (it) => this.#network.refuse(it))
      case 'read':
      case 'finish':
        return pick(this.#loads.running, step.pick, (it) =>
          step.do === 'read' ? it.read() : it.finish(),
        )
      case 'fail':
        return pick(this.#loads.inFlight, step.pick, (it) => it.fail())
      case 'abort':
        return pick(this.#calls.pending, step.pick, (it) => this.#calls.abort(it))
      case 'pass':
        return this.#time.pass(step.milliseconds)
      case 'run':
        return this.#motion.run(step.milliseconds)
      case 'break':
        this.journal.faultAll()
        return this.#network.break(this.#processOf(step.process), step.arrivesLater)
      case 'cut':
        return this.#network.cut(this.#processOf(step.process), step.isCut)
      case 'kill':
        return this.#kill(step.process, step.arrivesLater)
    }
  }

  get #keys(): string[] {
    return Array.from({ length: this.#setting.keys }, (_, key) => this.#keyOf(key))
  }

  #keyOf(key: number): string {
    return `k${key % this.#setting.keys}`
  }

  #processOf(place: number): number {
    return this.#places[place] as number
  }

  #startProcess(place: number): void {
    const process = this.#processes.length
    const client = new ModelClient(this.#network, process, () => this.#time.now)
    this.#places[place] = process
    this.#processes.push(new FetchClient<Value>(client, this.#options))
  }

  get #options(): FetchOptions {
    const { staleWhileRevalidate, staleIfError, refreshAhead, softTimeout } = this.#setting
    return {
      ...{ expire: EXPIRE, negativeExpire: NEGATIVE_EXPIRE, jitter: 0, timeout: TIMEOUT },
      ...{ staleWhileRevalidate, staleIfError, refreshAhead, softTimeout },
      ...{ waitTimeout: WAIT_TIMEOUT, loadTimeout: LOAD_TIMEOUT },
    }
  }

  #fetch(place: number, keyIndex: number, plan: LoadPlan): void {
    const process = this.#processOf(place)
    const key = this.#keyOf(keyIndex)
    const call = { what: 'fetch', process, keys: [key], loads: true }
    this.#calls.begin(call, (signal) =>
      (this.#processes[process] as FetchClient<Value>).fetch(
        key,
        async ({ signal: loadSignal, stale }) => {
          const values = await this.#load(process, [key], plan, { signal: loadSignal, stale })
          return values.get(key)
        },
        { signal },
      ),
    )
  }

  #fetchMany(place: number, plan: LoadPlan): void {
    const process = this.#processOf(place)
    const call = { what: 'fetchMany', process, keys: this.#keys, loads: true }
    this.#calls.begin(call, (signal) =>
      (this.#processes[process] as FetchClient<Value>).fetchMany(
        this.#keys,
        (keys, { signal: loadSignal }) =>
          this.#load(process, [...keys].map(String), plan, { signal: loadSignal }),
        { signal },
      ),
    )
  }

  #load(
    process: number,
    keys: readonly string[],
    plan: LoadPlan,
    to: { readonly signal: AbortSignal; readonly stale?: unknown },
  ): Promise<Map<string, Value>> {
    if (!this.#places.includes(process)) return Promise.reject(new LoadError('it was killed'))
    const demand = this.#calls.demand(process, keys)
    return this.#loads.start({ process, keys, plan, demand }, to)
  }

  #get(place: number, keyIndex: number): void {
    const process = this.#processOf(place)
    const key = this.#keyOf(keyIndex)
    const call = { what: 'get', process, keys: [key], loads: false }
    this.#calls.begin(call, (signal) =>
      (this.#processes[process] as FetchClient<Value>).get(key, { signal, timeout: TIMEOUT }),
    )
  }

  #invalidate(step: Extract<Step, { readonly do: 'invalidate' | 'delete' }>): void {
    const process = this.#processOf(step.process)
    const key = this.#keyOf(step.key)
    const client = this.#processes[process] as FetchClient<Value>
    const staleFor = step.do === 'delete' ? 0 : step.staleFor
    const isSoft = this.#setting.dialect === 'meta' && staleFor > 0
    this.journal.disturb(key)
    const confirm = this.#invalidations.begin(key, isSoft ? this.#onItsClock(staleFor * 1000) : 0)
    const done =
      step.do === 'delete'
        ? client.delete(key, { timeout: TIMEOUT })
        : client.invalidate(key, { staleFor, timeout: TIMEOUT })
    done.then(
      () => {
        this.journal.disturb(key)
        this.journal.note(`${nameOf(process)}: ${step.do} ${key} is confirmed`)
        confirm()
      },
      () => this.journal.disturb(key),
    )
  }

  /** Somebody else stores what the source has, all at once. */
  async #set(key: string): Promise<void> {
    const load = `o${++this.#others}`
    const value = valueAt(key, this.#source.read(key), load)
    if (typeof value !== 'string') return
    this.journal.disturb(key)
    const request = `ms ${key} ${value.length} T${EXPIRE} F16\r\n${value}\r\n`
    await this.#server.exchange(Buffer.from(request))
    this.#items.stored(key, load, EXPIRE)
  }

  /** Milliseconds that a server without a clock lets pass: who knows when. */
  #onItsClock(milliseconds: number): number {
    return this.#server.hasClock ? milliseconds : Number.POSITIVE_INFINITY
  }

  async #flush(): Promise<void> {
    const confirms = this.#keys.map((key) => this.#invalidations.begin(key))
    this.journal.disturbAll()
    await this.#server.exchange(Buffer.from('flush_all\r\n'))
    this.#items.clear()
    for (const confirm of confirms) confirm()
  }

  #kill(place: number, arrivesLater: boolean): void {
    const process = this.#processOf(place)
    this.#calls.abandon(process)
    this.#loads.abandon(process)
    this.#network.break(process, arrivesLater)
    this.#network.cut(process, true)
    this.journal.faultAll()
    this.#startProcess(place)
  }

  #checkNothingIsLeft(): void {
    const { journal } = this
    for (const place of this.#places) {
      const { loading } = this.#processes[place] as FetchClient<Value>
      if (loading > 0) journal.complain(`${nameOf(place)} keeps ${loading} loads`)
    }
    const { heardSignals } = this.#calls
    if (heardSignals > 0) journal.complain(`${heardSignals} signals of settled calls are heard`)
  }
}

const QUICK: LoadPlan = { readsAtStart: true, isQuick: true, ends: true, heedsSignal: true }

function pick<T>(
  items: readonly T[],
  index: number,
  use: (item: T) => void | Promise<void>,
): void | Promise<void> {
  const item = items[index % Math.max(1, items.length)]
  return item === undefined ? undefined : use(item)
}
