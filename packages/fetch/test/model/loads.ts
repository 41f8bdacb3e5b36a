import type { Items } from './items.ts'
import type { Journal } from './journal.ts'
import { nameOf } from './network.ts'
import type { LoadPlan } from './schedule.ts'
import { readAnswer, type Source, type Value, valueAt } from './source.ts'

/** What a loader of the schedule fails with. */
export class LoadError extends Error {}

/** Who waits for a load. */
export interface Demand {
  /** The first event since which somebody may have asked for it. */
  readonly at: number
  /** Milliseconds that somebody has waited. */
  readonly waited: number
}

/** Options of the fetches, in their units. */
export interface LoadRules {
  readonly waitTimeout: number
  readonly loadTimeout: number
  /** Seconds before its end within which a value may be loaded again. */
  readonly refreshWithin: number
}

/** A call of a loader, until it settles or its signal aborts. */
export interface Load {
  readonly id: string
  readonly process: number
  readonly keys: readonly string[]
  readonly plan: LoadPlan
  readonly demand: Demand
  readonly startedTime: number
  /** Whether there was a value, which stays if the load fails. */
  readonly replaces: boolean
  /** `Infinity` while it is in flight. */
  endedTime: number
  outcome: 'answered' | 'failed' | 'given up' | undefined
  /** Reads the source, unless it has. */
  read(): void
  finish(): void
  fail(): void
  /** Ends with its process. */
  drop(): void
}

/** All loads of the fleet, and what is promised of them. */
export class Loads {
  readonly #source: Source
  readonly #items: Items
  readonly #journal: Journal
  readonly #now: () => number
  readonly #rules: LoadRules
  readonly #all: Load[] = []
  /** Loads that were given up, and whose loaders still run. */
  readonly #late = new Set<Load>()

  constructor(
    parts: { readonly source: Source; readonly items: Items; readonly journal: Journal },
    now: () => number,
    rules: LoadRules,
  ) {
    this.#source = parts.source
    this.#items = parts.items
    this.#journal = parts.journal
    this.#now = now
    this.#rules = rules
  }

  /** Those in flight, and those that nobody waits for any more. */
  get running(): Load[] {
    return [...this.inFlight, ...this.#late]
  }

  get inFlight(): Load[] {
    return this.#all.filter(({ outcome }) => outcome === undefined)
  }

  /** Loads of a key in a process that are in flight. */
  isLoading(process: number, key: string): boolean {
    return this.inFlight.some((load) => load.process === process && load.keys.includes(key))
  }

  /** The load of a key that ends last; in flight it ends never. */
  lastOf(key: string): Load | undefined {
    const loads = this.#all.filter(({ keys }) => keys.includes(key))
    return loads.reduce<Load | undefined>(
      (last, load) => (last === undefined || load.endedTime >= last.endedTime ? load : last),
      undefined,
    )
  }

  /** Its process has gone. */
  abandon(process: number): void {
    for (const load of this.running) if (load.process === process) load.drop()
  }

  /** Starts a load; it answers a value for each key that has one. */
  start(
    { process, keys, plan, demand }: Pick<Load, 'process' | 'keys' | 'plan' | 'demand'>,
    { signal, stale }: { readonly signal: AbortSignal; readonly stale?: unknown },
  ): Promise<Map<string, Value>> {
    const id = String(this.#all.length)
    let versions: Map<string, number> | undefined
    let settle: { resolve(values: Map<string, Value>): void; reject(error: unknown): void }
    const promise = new Promise<Map<string, Value>>((resolve, reject) => {
      settle = { resolve, reject }
    })
    const end = (outcome: Exclude<Load['outcome'], undefined>): void => {
      this.#late.delete(load)
      if (load.outcome === undefined) this.#end(load, outcome)
    }
    const load: Load = {
      ...{ id, process, keys, plan, demand, startedTime: this.#now() },
      replaces: keys.some((key) => this.#items.has(key)),
      ...{ endedTime: Number.POSITIVE_INFINITY, outcome: undefined },
      read: () => {
        versions ??= new Map(keys.map((key) => [key, this.#source.read(key)]))
      },
      finish: () => {
        load.read()
        this.#journal.note(`load ${id} answers ${JSON.stringify([...(versions ?? [])])}`)
        end('answered')
        const values = new Map<string, Value>()
        for (const [key, version] of versions ?? []) {
          const value = valueAt(key, version, id)
          if (value !== undefined) values.set(key, value)
        }
        settle.resolve(values)
      },
      fail: () => {
        this.#journal.note(`load ${id} fails`)
        this.#journal.disturb(...keys)
        end('failed')
        settle.reject(new LoadError(`load ${id}`))
      },
      drop: () => {
        end('given up')
        settle.reject(new LoadError(`load ${id} is dropped`))
      },
    }
    this.#journal.note(`${nameOf(process)}: load ${id} of ${keys} starts`)
    for (const key of keys) this.#check(load, key)
    for (const key of keys) {
      if (stale !== undefined && readAnswer(key, stale) === undefined) {
        this.#journal.complain(`load ${id} has a stale value that is none: ${stale}`)
      }
    }
    this.#all.push(load)
    signal.addEventListener('abort', () => {
      if (load.outcome !== undefined) return
      this.#journal.note(`load ${id} is given up: ${signal.reason}`)
      this.#journal.disturb(...keys)
      this.#end(load, 'given up')
      if (plan.heedsSignal) settle.reject(signal.reason)
      else this.#late.add(load)
    })
    if (plan.readsAtStart) load.read()
    if (plan.isQuick) load.finish()
    return promise
  }

  /** Somebody began long ago to replace the value that there is. */
  #isOverdue({ replaces }: Load, key: string): boolean {
    const changed = this.#items.changedTime(key)
    const first = this.#all.find((it) => it.keys.includes(key) && it.startedTime >= changed)
    if (!replaces || first === undefined) return false
    return this.#now() - first.startedTime >= this.#rules.loadTimeout
  }

  #tookOver({ demand }: Load): boolean {
    return demand.waited >= this.#rules.waitTimeout
  }

  /** One process at a time loads in place of another, and has time to; later it may be gone as well. */
  #checkTakeover(load: Load, earlier: Load, key: string): void {
    const isFirst = ({ demand }: Load): boolean => demand.waited < 2 * this.#rules.waitTimeout
    const isTakenOver = [load, earlier].every((it) => this.#tookOver(it) && isFirst(it))
    // The server counts whole seconds.
    const hasTime = this.#now() - earlier.startedTime < this.#rules.waitTimeout - 1000
    const isDisturbed = this.#journal.disturbance(key).time >= earlier.startedTime
    if (earlier.outcome === undefined && isTakenOver && hasTime && !isDisturbed) {
      this.#journal.complain(`load ${load.id} of ${key}, which load ${earlier.id} has taken over`)
    }
  }

  #end(load: Load, outcome: Load['outcome']): void {
    load.outcome = outcome
    load.endedTime = this.#now()
  }

  /** At most one load of a key is in flight, and none of a value that is fresh, unless something came between. */
  #check(load: Load, key: string): void {
    const { refreshWithin } = this.#rules
    const earlier = this.#all.findLast(({ keys }) => keys.includes(key))
    if (earlier === undefined) return
    const tookOver = [load, earlier].some((it) => this.#tookOver(it))
    this.#checkTakeover(load, earlier, key)
    const end = this.#items.endOf(key)
    const since = Math.min(load.demand.at, earlier.demand.at)
    const hasEnded = end > earlier.startedTime && end <= this.#now()
    if (
      tookOver ||
      hasEnded ||
      this.#isOverdue(load, key) ||
      this.#journal.disturbance(key).at >= since
    )
      return
    if (earlier.outcome === undefined) {
      this.#journal.complain(`loads ${earlier.id} and ${load.id} of ${key} are in flight at once`)
    } else if (
      end > this.#now() + refreshWithin * 1000 ||
      // However short it lives.
      this.#items.changedTime(key) > this.#now() - 1000
    ) {
      this.#journal.complain(`load ${load.id} of ${key}, which load ${earlier.id} has just brought`)
    }
  }
}
