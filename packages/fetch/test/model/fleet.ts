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
import { Source, type Value } from './source.ts'
import { type Terms, TIMEOUT, termsOf } from './terms.ts'
import { settle, type VirtualTime } from './virtual-time.ts'
import { Writers } from './writers.ts'

const PROCESSES = 3

/** Processes that fetch from one source through one cache, and everything that happens to them. */
export class Fleet {
  readonly #journal: Journal
  readonly #time: VirtualTime
  readonly #terms: Terms
  readonly #items: Items
  readonly #loads: Loads
  readonly #calls: Calls
  readonly #network: Network
  readonly #motion: Motion
  readonly #writers: Writers
  readonly #keys: readonly string[]
  readonly #processes: FetchClient<Value>[] = []
  /** The process in each place: another when it was killed. */
  readonly #places: number[] = []

  constructor(time: VirtualTime, server: ModelServer, setting: Setting) {
    const now = (): number => time.now
    const source = new Source()
    const journal = new Journal(now)
    const items = new Items(journal, now, server.hasClock)
    const terms = termsOf(setting, server.hasClock)
    const loads = new Loads({ source, items, journal }, now, terms.loads)
    const invalidations = new Invalidations(source, journal)
    const calls = new Calls({ loads, invalidations, items, journal }, now, terms.calls)
    const network = new Network(server, journal, setting.dialect, {
      onArrival: (message) => items.observe(message),
    })
    this.#journal = journal
    this.#time = time
    this.#terms = terms
    this.#items = items
    this.#loads = loads
    this.#calls = calls
    this.#network = network
    this.#motion = new Motion(time, { network, loads, calls, journal })
    this.#writers = new Writers(server, { source, items, invalidations, journal })
    this.#keys = ['k0', 'k1'].slice(0, setting.keys)
    for (let place = 0; place < PROCESSES; place++) this.#startProcess(place)
  }

  /** Follows the schedule to its end, and checks what is left then. */
  async follow(steps: readonly Step[]): Promise<void> {
    const onUnhandled = (error: unknown): void => {
      this.#journal.complain(`nobody handles ${error}`)
    }
    process.on('unhandledRejection', onUnhandled)
    try {
      await this.#follow(steps)
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }
    this.#journal.check()
  }

  async #follow(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      this.#journal.begin(`- ${JSON.stringify(step)}`)
      await this.#do(step)
      await settle()
      if ('flows' in step && step.flows) await this.#motion.flow()
    }
    this.#journal.begin('- the end')
    for (let place = 0; place < PROCESSES; place++) {
      this.#network.cut(this.#places[place] as number, false)
    }
    await this.#motion.settle()
    // Whatever happened, everybody reads what holds now.
    for (let place = 0; place < PROCESSES; place++) {
      for (let key = 0; key < this.#keys.length; key++) this.#fetch(place, key, QUICK)
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
      case 'invalidate': {
        const { staleFor } = step
        const staleTime = this.#terms.staleTime(staleFor)
        const client = this.#clientOf(this.#processOf(step.process))
        return this.#writers.invalidate(client, this.#keyOf(step.key), { staleFor, staleTime })
      }
      case 'delete':
        return this.#writers.delete(
          this.#clientOf(this.#processOf(step.process)),
          this.#keyOf(step.key),
        )
      case 'set':
        return this.#writers.set(this.#keyOf(step.key))
      case 'flush':
        return this.#writers.flush(this.#keys)
      case 'restart':
        this.#items.clear()
        this.#journal.faultAll()
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
        this.#journal.faultAll()
        return this.#network.break(this.#processOf(step.process), step.arrivesLater)
      case 'cut':
        return this.#network.cut(this.#processOf(step.process), step.isCut)
      case 'kill':
        return this.#kill(step.process, step.arrivesLater)
    }
  }

  #keyOf(key: number): string {
    return this.#keys[key % this.#keys.length] as string
  }

  #processOf(place: number): number {
    return this.#places[place] as number
  }

  #clientOf(process: number): FetchClient<Value> {
    return this.#processes[process] as FetchClient<Value>
  }

  #startProcess(place: number): void {
    const process = this.#processes.length
    const client = new ModelClient(this.#network, process, () => this.#time.now)
    this.#places[place] = process
    this.#processes.push(new FetchClient<Value>(client, this.#terms.defaults))
  }

  #fetch(place: number, keyIndex: number, plan: LoadPlan): void {
    const process = this.#processOf(place)
    const key = this.#keyOf(keyIndex)
    const call = { what: 'fetch', process, keys: [key], loads: true }
    this.#calls.begin(call, (signal) =>
      this.#clientOf(process).fetch(
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
      this.#clientOf(process).fetchMany(
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
      this.#clientOf(process).get(key, { signal, timeout: TIMEOUT }),
    )
  }

  #kill(place: number, arrivesLater: boolean): void {
    const process = this.#processOf(place)
    this.#calls.abandon(process)
    this.#loads.abandon(process)
    this.#network.break(process, arrivesLater)
    this.#network.cut(process, true)
    this.#journal.faultAll()
    this.#startProcess(place)
  }

  #checkNothingIsLeft(): void {
    const journal = this.#journal
    for (const process of this.#places) {
      const { loading } = this.#clientOf(process)
      if (loading > 0) journal.complain(`${nameOf(process)} keeps ${loading} loads`)
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
