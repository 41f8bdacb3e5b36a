import { type Opener, several } from '../clients.ts'
import { get, type Workload } from '../workloads.ts'

/** One place on a curve. */
export interface Point {
  readonly x: number
  readonly client: string
  readonly workload: Workload
}

/** How the cost of a get grows with one thing, all else being equal. */
export interface Curve {
  readonly title: string
  /** What `x` counts. */
  readonly unit: string
  readonly points: readonly Point[]
}

const CLIENT_COUNTS = [1, 2, 5, 10, 20, 50, 100]
const severalName = (count: number): string => `mc x ${count}`

/** Clients that only curves need. */
export const CURVE_CLIENTS: Readonly<Record<string, Opener>> = Object.fromEntries(
  CLIENT_COUNTS.map((count) => [severalName(count), several(count)]),
)

export const CURVES: readonly Curve[] = [
  {
    title: 'get 100 B by commands in flight',
    unit: 'in flight',
    points: [1, 4, 16, 64, 256, 1000, 4000, 16_000, 100_000].map((x) => ({
      x,
      client: 'mc without limits',
      workload: get(100, x),
    })),
  },
  {
    title: 'get by bytes of the value, 64 in flight',
    unit: 'bytes',
    points: [10, 100, 1000, 10_000, 100_000, 1_000_000].map((x) => ({
      x,
      client: 'mc without limits',
      workload: get(x, 64, { what: `get ${x} B` }),
    })),
  },
  {
    title: 'get 100 B by servers, 64 in flight',
    unit: 'servers',
    points: [1, 2, 5, 10, 20, 50, 100, 200].map((x) => ({
      x,
      client: 'mc hash',
      workload: get(100, 64, { what: `get 100 B from ${x} servers`, servers: x }),
    })),
  },
  {
    title: 'get 100 B by clients in a process, 256 in flight together',
    unit: 'clients',
    points: CLIENT_COUNTS.map((x) => ({
      x,
      client: severalName(x),
      workload: get(100, 256, { what: `get 100 B by ${x} clients` }),
    })),
  },
]
