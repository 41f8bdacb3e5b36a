/** What a reply line is, by its first word. */
export const ReplyKind = {
  /** Fits nothing; the stream can no longer be trusted. */
  unknown: 0,
  /** `VALUE <key> <flags> <size> [<cas>]` and data */
  value: 1,
  /** `END` */
  end: 2,
  /** `STORED` */
  stored: 3,
  /** `NOT_STORED` */
  notStored: 4,
  /** `EXISTS` */
  exists: 5,
  /** `NOT_FOUND` */
  notFound: 6,
  /** `DELETED` */
  deleted: 7,
  /** `TOUCHED` */
  touched: 8,
  /** `OK` */
  ok: 9,
  /** `RESET` */
  reset: 10,
  /** A counter's new value */
  number: 11,
  /** `VERSION <text>` */
  version: 12,
  /** `STAT`, `ITEM` or `PREFIX`: a line of statistics */
  stat: 13,
  /** `CONFIG <key> <flags> <size>` and data, of ElastiCache's `config get` */
  config: 14,
  /** A bytes-until-token reply, read on demand */
  raw: 15,
  /** Meta `VA <size> <flags>*` and data */
  va: 20,
  /** Meta success without a value */
  hd: 21,
  /** Meta miss */
  en: 22,
  /** Meta not found */
  nf: 23,
  /** Meta not stored */
  ns: 24,
  /** Meta CAS mismatch */
  ex: 25,
  /** Meta no-op */
  mn: 26,
  /** Meta debug line */
  me: 27,
  /** `ERROR` */
  error: 30,
  /** `CLIENT_ERROR` */
  clientError: 31,
  /** `SERVER_ERROR` */
  serverError: 32,
  /** Admin commands refused: `BUSY`, `BADCLASS`, `MEMLIMIT_TOO_SMALL` and the like */
  refused: 33,
} as const

export type ReplyKind = (typeof ReplyKind)[keyof typeof ReplyKind]

const WORDS: ReadonlyMap<string, ReplyKind> = new Map([
  ['END', ReplyKind.end],
  ['STORED', ReplyKind.stored],
  ['NOT_STORED', ReplyKind.notStored],
  ['EXISTS', ReplyKind.exists],
  ['NOT_FOUND', ReplyKind.notFound],
  ['DELETED', ReplyKind.deleted],
  ['TOUCHED', ReplyKind.touched],
  ['OK', ReplyKind.ok],
  ['RESET', ReplyKind.reset],
  ['VERSION', ReplyKind.version],
  ['STAT', ReplyKind.stat],
  ['ITEM', ReplyKind.stat],
  ['PREFIX', ReplyKind.stat],
  ['ERROR', ReplyKind.error],
  ['CLIENT_ERROR', ReplyKind.clientError],
  ['SERVER_ERROR', ReplyKind.serverError],
  ['ME', ReplyKind.me],
  ['BUSY', ReplyKind.refused],
  ['BADCLASS', ReplyKind.refused],
  ['NOSPARE', ReplyKind.refused],
  ['NOTFULL', ReplyKind.refused],
  ['UNSAFE', ReplyKind.refused],
  ['SAME', ReplyKind.refused],
  ['NOTSTARTED', ReplyKind.refused],
  ['MEMLIMIT_TOO_SMALL', ReplyKind.refused],
  ['MEMLIMIT_ADJUST_FAILED', ReplyKind.refused],
  ['WATCHER_TOO_MANY', ReplyKind.refused],
  ['WATCHER_FAILED', ReplyKind.refused],
])

/** Words that stand alone: with anything behind them the line is unknown. */
const BARE: ReadonlySet<ReplyKind> = new Set([
  ReplyKind.end,
  ReplyKind.stored,
  ReplyKind.notStored,
  ReplyKind.exists,
  ReplyKind.notFound,
  ReplyKind.deleted,
  ReplyKind.touched,
  ReplyKind.ok,
  ReplyKind.reset,
])

/** Words that begin a line with data or of a meta reply, beside those above. */
const OTHER_WORDS: ReadonlySet<string> = new Set([
  ...['VALUE', 'CONFIG', 'VA', 'HD', 'EN', 'NF', 'NS', 'EX', 'MN'],
])

/** The first word of a line if it is one of the protocol's. */
export function protocolWord(line: string): string | undefined {
  const word = /^[A-Z_]+(?=[ :]|$)/.exec(line)?.[0]
  return word !== undefined && (WORDS.has(word) || OTHER_WORDS.has(word)) ? word : undefined
}

/** The kind of a whole line that carries no data and is no meta reply. */
export function kindOfLine(line: string): ReplyKind {
  // Servers write both "ERROR text" and "ERROR: text".
  const word = /^[A-Z_]+/.exec(line)?.[0]
  if (word === undefined) return /^\d{1,20} *$/.test(line) ? ReplyKind.number : ReplyKind.unknown
  const kind = WORDS.get(word) ?? ReplyKind.unknown
  if (line.length === word.length) return kind
  if (BARE.has(kind)) return ReplyKind.unknown
  const next = line.charAt(word.length)
  const isError = kind >= ReplyKind.error
  return next === ' ' || (isError && next === ':') ? kind : ReplyKind.unknown
}
