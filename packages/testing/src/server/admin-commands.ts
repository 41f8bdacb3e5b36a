import { type AdminRequest, parseInt32, parseUint32 } from '../protocol/index.ts'
import type { Exchange } from './exchange.ts'
import { metadump, mgdump } from './metadump.ts'
import { reportStats } from './stats-report.ts'

const BAD_FORMAT = 'CLIENT_ERROR bad command line format'
const MEGABYTE = 1_048_576
const MAX_VERBOSITY = 2
const LARGEST_SLAB_CLASS = 39
const TOPICS: ReadonlySet<string> = new Set([
  'rawcmds',
  'evictions',
  'fetchers',
  'mutations',
  'sysevents',
  'connevents',
  'proxyreqs',
  'proxyevents',
  'proxyuser',
])
const STORAGE_OPTIONS: ReadonlySet<string> = new Set([
  'compact_under',
  'drop_under',
  'drop_unread',
  'free_memchunks',
  'item_age',
  'item_size',
  'low_ttl',
  'max_sleep',
  'recache_rate',
])

/** Answers a command about the server: the line to send, if it has not written one itself. */
export function runAdmin(exchange: Exchange, request: AdminRequest): string | undefined {
  const { server } = exchange
  const { words } = request
  switch (request.command) {
    case 'version':
      return `VERSION ${server.version}`
    case 'mn':
      server.writer.line('MN')
      exchange.flush()
      return undefined
    case 'quit':
      exchange.flush()
      exchange.close()
      return undefined
    case 'stats':
      return reportStats(server, words)
    case 'flush_all':
      return flushAll(exchange, request)
    case 'verbosity':
      return setVerbosity(exchange, words)
    case 'cache_memlimit':
      return limitMemory(exchange, words)
    case 'lru':
      return tuneLru(words)
    case 'extstore':
      return tuneStorage(words)
    case 'refresh_certs':
      return server.settings.tls ? 'OK' : 'Error TLS not enabled'
    case 'slabs':
      return answerSlabs(words)
    case 'lru_crawler':
      return crawl(exchange, words)
    case 'watch':
      return watch(exchange, words)
    case 'shutdown':
      return shutDown(exchange, words)
  }
}

function flushAll({ server: { store } }: Exchange, { words, noreply }: AdminRequest): string {
  store.counters.cmd_flush++
  if (words.length === (noreply ? 1 : 0)) {
    store.flush()
    return 'OK'
  }
  const delay = parseInt32(words[0] as string)
  if (delay === undefined) return 'CLIENT_ERROR invalid exptime argument'
  if (delay > 0) store.flush(store.time.moment(delay))
  else store.flush()
  return 'OK'
}

function setVerbosity({ server }: Exchange, [level]: readonly string[]): string {
  const verbosity = parseUint32(level as string)
  if (verbosity === undefined) return BAD_FORMAT
  server.settings.verbosity = Math.min(verbosity, MAX_VERBOSITY)
  return 'OK'
}

function limitMemory({ server: { store } }: Exchange, [limit]: readonly string[]): string {
  const megabytes = parseUint32(limit as string)
  if (megabytes === undefined) return 'ERROR'
  if (megabytes < 8) return 'MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m'
  if (megabytes > 1_000_000_000) {
    return 'MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes'
  }
  store.limit(megabytes * MEGABYTE)
  return 'OK'
}

/** Checked and otherwise without effect: there is one list of use. */
function tuneLru([action, ...values]: readonly string[]): string {
  switch (action) {
    case 'mode':
      return values[0] === 'flat' || values[0] === 'segmented' ? 'OK' : 'ERROR'
    case 'temp_ttl':
      return values[0] !== undefined && parseInt32(values[0]) !== undefined ? 'OK' : 'ERROR'
    case 'tune':
      return tuneShares(values)
    default:
      return 'ERROR'
  }
}

function tuneShares(values: readonly string[]): string {
  if (values.length < 4) return 'ERROR'
  const [hot, warm] = values.slice(0, 2).map(parseUint32)
  const [hotFactor, warmFactor] = values.slice(2, 4).map(Number)
  if (hot === undefined || warm === undefined) return 'ERROR'
  if (Number.isNaN(hotFactor) || Number.isNaN(warmFactor)) return 'ERROR'
  if (hot + warm > 80) return 'ERROR hot and warm pcts must not exceed 80'
  if ((hotFactor as number) <= 0 || (warmFactor as number) <= 0) {
    return 'ERROR hot/warm age factors must be greater than 0'
  }
  return 'OK'
}

/** Checked and otherwise without effect: nothing is ever stored outside of memory. */
function tuneStorage([option, value, second]: readonly string[]): string {
  if (option === undefined || value === undefined) return 'ERROR'
  if (option === 'max_frag') return Number.isNaN(Number(value)) ? 'ERROR' : 'OK'
  const values = option === 'free_memchunks' ? [value, second ?? ''] : [value]
  if (!STORAGE_OPTIONS.has(option) || values.map(parseUint32).includes(undefined)) return 'ERROR'
  return 'OK'
}

/** No page is ever moved, as there are none. */
function answerSlabs([action, ...values]: readonly string[]): string {
  if (action === 'automove' && values.length > 0) return automove(values)
  if (action === 'reassign' && values.length === 2) return reassign(values.map(parseInt32))
  return 'ERROR'
}

function automove([level, ratio]: readonly string[]): string {
  if (level === 'ratio') {
    return ratio === undefined || Number.isNaN(Number(ratio)) ? 'ERROR' : 'OK'
  }
  const number = parseUint32(level as string)
  if (number === undefined) return BAD_FORMAT
  return number <= 2 ? 'OK' : 'ERROR'
}

function reassign([from, to]: readonly (number | undefined)[]): string {
  if (from === undefined || to === undefined) return BAD_FORMAT
  if (from === to) return 'SAME src and dst class are identical'
  const known = (id: number): boolean => id >= 0 && id <= LARGEST_SLAB_CLASS
  if (from < -1 || !known(Math.max(from, 0)) || !known(to)) {
    return 'BADCLASS invalid src or dst class id'
  }
  return 'NOSPARE source class has no spare pages'
}

function crawl(exchange: Exchange, [action, value, ...rest]: readonly string[]): string {
  const { store } = exchange.server
  if (rest.length > 0) return 'ERROR'
  if (value === undefined) {
    if (action === 'enable') return 'ERROR failed to start lru crawler thread'
    return action === 'disable' ? 'OK' : 'ERROR'
  }
  switch (action) {
    case 'crawl':
      if (value === 'hash') return 'ERROR an unknown error happened'
      if (!isClassList(value)) return 'BADCLASS invalid class id'
      store.counters.lru_crawler_starts++
      return 'OK'
    case 'metadump':
      if (exchange.batched > 1) {
        return 'ERROR cannot pipeline other commands before metadump'
      }
      if (value !== 'hash' && !isClassList(value)) return 'BADCLASS invalid class id'
      store.counters.lru_crawler_starts++
      return metadump(exchange.server, value)
    case 'mgdump':
      if (!exchange.server.features.keyDump) return 'ERROR'
      if (exchange.batched > 1) return 'ERROR cannot pipeline other commands before mgdump'
      if (value !== 'hash') return 'BADCLASS invalid class id'
      store.counters.lru_crawler_starts++
      return mgdump(exchange.server)
    case 'tocrawl':
      return parseUint32(value) === undefined ? BAD_FORMAT : 'OK'
    case 'sleep': {
      const pause = parseUint32(value)
      if (pause === undefined) return BAD_FORMAT
      return pause > 1_000_000 ? 'CLIENT_ERROR sleep must be one second or less' : 'OK'
    }
    default:
      return 'ERROR'
  }
}

function isClassList(text: string): boolean {
  if (text === 'all') return true
  return text.split(',').every((part) => {
    const id = parseUint32(part)
    return part === '' || (id !== undefined && id >= 1 && id < 64)
  })
}

function watch(exchange: Exchange, words: readonly string[]): string {
  if (exchange.batched > 1) return 'ERROR cannot pipeline other commands before watch'
  const { watchDeletions } = exchange.server.features
  const isKnown = (word: string): boolean => {
    return TOPICS.has(word) || (watchDeletions && word === 'deletions')
  }
  if (!words.every(isKnown)) return 'ERROR'
  exchange.watch(words)
  return 'OK'
}

function shutDown(exchange: Exchange, words: readonly string[]): string | undefined {
  const { shutdown } = exchange.server
  if (shutdown === undefined) return 'ERROR: shutdown not enabled'
  if (words.length > 1 || (words.length === 1 && words[0] !== 'graceful')) {
    return 'CLIENT_ERROR invalid shutdown mode'
  }
  exchange.drop()
  exchange.close()
  shutdown()
  return undefined
}
