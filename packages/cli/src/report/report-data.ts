import type { ItemsStats, MetadumpItem, SlabsStats } from '@mc/protocol'
import { Buckets, SIZE_BOUNDS, TIME_BOUNDS } from '../buckets.ts'
import type { Context } from '../context.ts'
import { dumpFleet } from '../dump.ts'
import type { Fleet } from '../fleet.ts'
import { type PrefixSum, PrefixSums } from '../prefix-sums.ts'
import { FigureSampler, type ServerFigures, totalOf } from '../server-figures.ts'

export interface BucketRow {
  readonly from: number
  /** `Infinity` for the last. */
  readonly to: number
  readonly count: number
  readonly bytes: number
}

/** Memory of a slab class, of all servers together. Sizes are bytes. */
export interface SlabRow {
  readonly chunkSize: number
  /** In pages of the class. */
  allocated: number
  /** That items asked for. */
  requested: number
}

/** Where the items of a server are, and where the hasher would have them. */
export interface BalanceRow {
  readonly server: string
  readonly items: number
  /** Items of the fleet that the hasher places here. */
  readonly expected: number
  /** Items here that the hasher places elsewhere: no application finds them. */
  readonly misplaced: number
}

/** All that a report shows. */
export interface ReportData {
  /** ISO 8601. */
  readonly at: string
  readonly servers: readonly ServerFigures[]
  readonly total: ServerFigures
  readonly hash: string
  /** Items that were looked at, and the share of all that was asked for. */
  readonly items: number
  readonly sample: number
  readonly slabs: readonly SlabRow[]
  readonly sizes: readonly BucketRow[]
  readonly ttls: readonly BucketRow[]
  readonly never: { readonly count: number; readonly bytes: number }
  /** By seconds since the last use. */
  readonly ages: readonly BucketRow[]
  readonly prefixes: readonly PrefixSum[]
  readonly balance: readonly BalanceRow[]
}

export interface ReportOptions {
  readonly sample: number
  readonly separator: string
}

/** Asks all servers for what a report shows. Servers that fail are noted, and in the fleet's table. */
export async function collectReport(
  context: Context,
  fleet: Fleet,
  { sample, separator }: ReportOptions,
): Promise<ReportData> {
  const now = Date.now()
  const servers = await new FigureSampler(fleet).sample()
  const slabs = await slabRows(fleet, servers)
  const sizes = new Buckets(SIZE_BOUNDS)
  const ttls = new Buckets(TIME_BOUNDS)
  const ages = new Buckets(TIME_BOUNDS)
  const never = { count: 0, bytes: 0 }
  const prefixes = new PrefixSums(separator, 1)
  const balance = new Map(
    fleet.servers.map((server) => [server, { server, items: 0, expected: 0, misplaced: 0 }]),
  )
  const onItem = ({ key, size, expires, lastAccess }: MetadumpItem, server: string): void => {
    sizes.add(size, size)
    ages.add(Math.max(0, now / 1000 - lastAccess), size)
    if (expires !== undefined) ttls.add(Math.max(0, expires - now / 1000), size)
    else {
      never.count++
      never.bytes += size
    }
    const name = key.toString()
    prefixes.add(name, size)
    const place = fleet.serverOf(fleet.withoutPrefix(name))
    const [here, there] = [balance.get(server), balance.get(place)]
    if (here === undefined || there === undefined) return
    here.items++
    there.expected++
    if (here !== there) here.misplaced++
  }
  const items = await dumpFleet(context, fleet, { sample, onItem })
  return {
    at: new Date(now).toISOString(),
    servers,
    total: totalOf(servers),
    hash: fleet.hash,
    items,
    sample,
    slabs,
    sizes: filled(sizes),
    ttls: filled(ttls),
    never,
    ages: filled(ages),
    prefixes: prefixes.largest,
    balance: [...balance.values()],
  }
}

/** Without the empty ones before the first and behind the last. */
function filled({ rows }: Buckets): BucketRow[] {
  const first = rows.findIndex(({ count }) => count > 0)
  const last = rows.findLastIndex(({ count }) => count > 0)
  return first < 0 ? [] : rows.slice(first, last + 1)
}

async function slabRows(fleet: Fleet, servers: readonly ServerFigures[]): Promise<SlabRow[]> {
  const rows = new Map<number, SlabRow>()
  for (const { server, error } of servers) {
    if (error !== undefined) continue
    const client = fleet.client(server)
    const [slabs, items] = await Promise.all([client.stats('slabs'), client.stats('items')])
    addSlabs(rows, slabs, items)
  }
  return [...rows.values()].sort((a, b) => a.chunkSize - b.chunkSize)
}

function addSlabs(rows: Map<number, SlabRow>, slabs: SlabsStats, items: ItemsStats): void {
  for (const [name, chunkSize] of Object.entries(slabs)) {
    const id = /^(\d+):chunk_size$/.exec(name)?.[1]
    if (id === undefined || typeof chunkSize !== 'number') continue
    const row = rows.get(chunkSize) ?? { chunkSize, allocated: 0, requested: 0 }
    row.allocated += chunkSize * Number(slabs[`${id}:total_chunks`] ?? 0)
    // Servers before 1.5 have it among the slabs.
    const requested = items[`items:${id}:mem_requested`] ?? slabs[`${id}:mem_requested`]
    row.requested += Number(requested ?? 0)
    rows.set(chunkSize, row)
  }
}
