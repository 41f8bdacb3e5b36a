import type { NetworkFault } from '@mc/testing'
import { seededRandom } from '@mc/testing'

export const CLIENT_NAMES = ['Client', 'PooledClient', 'HashClient', 'retrying'] as const

/** What one run does: all of it follows from the seed. */
export interface Schedule {
  readonly seed: number
  readonly client: (typeof CLIENT_NAMES)[number]
  readonly dialect: 'auto' | 'text'
  readonly tls: boolean
  readonly server: 'embedded' | 'real'
  readonly faults: readonly NetworkFault[]
  /** Share of plain gets, beside which all sorts of calls are made. */
  readonly gets: number
  /** Calls that are under way at once. */
  readonly lanes: number
  /** What a HashClient does about a dead server. */
  readonly failover: 'rehash' | 'none'
}

/**
 * Whether reads of a key never go back to an older write: not where keys move to another server and back,
 * which still has what it had before. Nor in text behind a proxy that loses replies: a reply to a write names no
 * key there, so that the reply to the next write confirms it.
 */
export function keepsOrder({
  client,
  failover,
  dialect,
}: Pick<Schedule, 'client' | 'failover'> & Partial<Pick<Schedule, 'dialect'>>): boolean {
  return dialect !== 'text' && (client !== 'HashClient' || failover === 'none')
}

type Random = () => number
type Kind = NetworkFault['kind']

const KINDS: readonly Kind[] = [
  'split',
  'delay',
  'stall',
  // The only faults that put replies out of step rather than end the connection: they come more often.
  'drop',
  'drop',
  'delay',
  'reset',
  'half-close',
  'garbage',
  'refuse',
]

/** The schedule of a seed: one kind of fault, or a mix. */
export function scheduleOf(seed: number, servers: readonly ('embedded' | 'real')[]): Schedule {
  const random = seededRandom(seed)
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
  const tls = random() < 0.25
  return {
    seed,
    client: pick(CLIENT_NAMES),
    dialect: pick(['auto', 'text']),
    tls,
    server: pick(servers),
    gets: pick([0, 0.5, 0.9]),
    lanes: pick([1, 4, 16, 48]),
    faults: Array.from({ length: 1 + Math.floor(random() * 4) }, () => randomFault(tls, random)),
    failover: pick(['rehash', 'none']),
  }
}

/** A fault by chance; of TLS only what needs no reading. */
export function randomFault(tls: boolean, random: Random): NetworkFault {
  const kind = KINDS[Math.floor(random() * KINDS.length)] as Kind
  const when = {
    chance: random() < 0.5 ? 1 : random() * 0.1,
    times: 1 + Math.floor(random() * 4),
    // What passes by TLS cannot be counted.
    ...(tls
      ? { afterMilliseconds: Math.floor(random() * 30) }
      : { afterReplies: Math.floor(random() * 200) }),
  }
  const at = (['start', 'anywhere', 'anywhere', ...(tls ? [] : ['value'])] as const)[
    Math.floor(random() * (tls ? 3 : 4))
  ] as 'start' | 'anywhere' | 'value'
  // Bytes put into a request would change what is stored, which no client can see.
  const direction = kind !== 'garbage' && random() < 0.3 ? 'requests' : 'replies'
  switch (kind) {
    case 'split':
      return { kind, ...when, direction, times: 50, size: random() < 0.5 ? 'random' : 1 }
    case 'delay':
      return { kind, ...when, direction, at, milliseconds: Math.floor(random() * 120) }
    case 'stall':
      return { kind, ...when, direction, at, forMilliseconds: 20 + Math.floor(random() * 200) }
    case 'drop':
      return { kind, ...when, direction, rest: direction === 'requests' || random() < 0.5 }
    case 'refuse':
      return { kind, ...when }
    default:
      return { kind, ...when, direction, at }
  }
}
