import { type Opener, several } from '../clients.ts'
import type { FloorCommand } from '../floor.ts'
import { get, type Workload } from '../workloads.ts'

/** One place on a curve. */
export interface Point {
  readonly x: number
  readonly client: string
  readonly workload: Workload
  /** Measured right after it, to compare with. */
  readonly floor?: FloorCommand
}

/** How the cost of a get grows with one thing, all else being equal. */
export interface Curve {
  readonly title: string
  /** What `x` counts. */
  readonly unit: string
  /** Where it bends, and what a profile says of it. */
  readonly why: string
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
    why: "Up to 32 in flight a turn takes about 70 us however many share it, as client and server sleep while they wait for each other; so it does for the floor (256,000 gets at 16). From about 48 on neither sleeps, and up to some hundred more calls share each write and each read. Beyond 4,000 the commands that wait no longer fit V8's young generation (16 MB, about 1 KB each): the garbage collector takes two thirds of the time. With `node --max-semi-space-size=128` there are 2.5 times as many at 16,000.",
    points: [1, 4, 16, 64, 256, 1000, 4000, 16_000, 100_000].map((x) => ({
      x,
      client: 'mc without limits',
      workload: get(100, x),
    })),
  },
  {
    title: 'get by bytes of the value, 64 in flight',
    unit: 'bytes',
    why: 'Up to 1 KB the command takes the time, whatever the value. From 10 KB on copying and decoding does: 2 GB a second, and less than half of that at 1 MB, where each value comes in many reads and the garbage collector has large strings to free.',
    points: [10, 100, 1000, 10_000, 100_000, 1_000_000].map((x) => ({
      x,
      client: 'mc without limits',
      workload: get(x, 64, { what: `get ${x} B` }),
    })),
  },
  {
    title: 'get 100 B by servers, 64 in flight',
    unit: 'servers',
    why: '64 calls spread over more servers: from 20 on nearly each has a write and a read of its own. So has the floor, whose requests are encoded once and whose replies are only counted: that is what they take in Node. More calls in flight bring them together again.',
    points: [1, 2, 5, 10, 20, 50, 100, 200].map((x) => ({
      x,
      client: 'mc hash',
      floor: 'mg to any',
      workload: get(100, 64, { what: `get 100 B from ${x} servers`, servers: x }),
    })),
  },
  {
    title: 'get 100 B by clients in a process, 256 in flight together',
    unit: 'clients',
    why: 'The same by connections: with 100 clients each write has two or three commands. One client for a process is the fastest, and one for each module is wasteful.',
    points: CLIENT_COUNTS.map((x) => ({
      x,
      client: severalName(x),
      workload: get(100, 256, { what: `get 100 B by ${x} clients` }),
    })),
  },
]
