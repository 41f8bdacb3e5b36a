import { performance } from 'node:perf_hooks'
import type { GeneralStats } from '@mc/protocol'
import { reasonOf } from './context.ts'
import type { Fleet } from './fleet.ts'

/** What a server says of itself, and at which rates it changes. Sizes are bytes, rates are per second. */
export interface ServerFigures {
  readonly server: string
  /** Why it could not be asked; the rest is missing then. */
  readonly error?: string
  readonly version?: string
  /** Seconds. */
  readonly uptime?: number
  readonly items?: number
  readonly bytes?: number
  readonly limit?: number
  readonly connections?: number
  /** Of the reads since the last sample, or since the server's start; `null` where there were none. */
  readonly hitRatio?: number | null
  readonly gets?: number
  readonly sets?: number
  readonly evictions?: number
}

interface Sample {
  /** Seconds. */
  readonly at: number
  readonly stats: GeneralStats
}

/** Asks servers for their statistics again and again. */
export class FigureSampler {
  readonly #fleet: Fleet
  readonly #last = new Map<string, Sample>()

  constructor(fleet: Fleet) {
    this.#fleet = fleet
  }

  /** Figures of all servers; rates are since the last call, of the first call since the server's start. */
  sample(): Promise<ServerFigures[]> {
    return Promise.all(this.#fleet.servers.map((server) => this.#sampleOf(server)))
  }

  async #sampleOf(server: string): Promise<ServerFigures> {
    try {
      const stats = await this.#fleet.client(server).stats()
      const sample = { at: performance.now() / 1000, stats }
      const last = this.#last.get(server)
      this.#last.set(server, sample)
      // A server that was started anew counts from 0 again.
      const since = last !== undefined && stats.uptime >= last.stats.uptime ? last : undefined
      return figuresOf(server, sample, since)
    } catch (error) {
      this.#last.delete(server)
      return { server, error: reasonOf(error) }
    }
  }
}

function figuresOf(server: string, { at, stats }: Sample, last: Sample | undefined): ServerFigures {
  const seconds = last === undefined ? Math.max(1, stats.uptime) : Math.max(0.001, at - last.at)
  const since = (name: 'cmd_get' | 'cmd_set' | 'get_hits' | 'evictions'): number => {
    return Math.max(0, stats[name] - (last?.stats[name] ?? 0))
  }
  const reads = since('cmd_get')
  const rate = (count: number): number => Number((count / seconds).toFixed(2))
  return {
    server,
    version: stats.version,
    uptime: stats.uptime,
    items: stats.curr_items,
    bytes: stats.bytes,
    limit: stats.limit_maxbytes,
    connections: stats.curr_connections,
    hitRatio: reads === 0 ? null : since('get_hits') / reads,
    gets: rate(reads),
    sets: rate(since('cmd_set')),
    evictions: rate(since('evictions')),
  }
}

/** All servers as one; the hit ratio is weighted by reads. */
export function totalOf(all: readonly ServerFigures[]): ServerFigures {
  const sum = (name: 'items' | 'bytes' | 'limit' | 'connections' | 'gets' | 'sets' | 'evictions') =>
    all.reduce((total, figures) => total + (figures[name] ?? 0), 0)
  const gets = sum('gets')
  const hits = all.reduce((total, { gets = 0, hitRatio }) => total + gets * (hitRatio ?? 0), 0)
  return {
    server: 'all',
    items: sum('items'),
    bytes: sum('bytes'),
    limit: sum('limit'),
    connections: sum('connections'),
    hitRatio: gets === 0 ? null : hits / gets,
    gets,
    sets: sum('sets'),
    evictions: sum('evictions'),
  }
}
