import { parseUint32 } from '../protocol/index.ts'
import { itemStats, itemsByClass, slabStats } from './class-stats.ts'
import { Counters } from './counters.ts'
import type { EmbeddedServerState } from './exchange.ts'
import { settingStats } from './setting-stats.ts'
import type { Stat } from './stat.ts'

const USAGE = 'CLIENT_ERROR usage: stats detail on|off|dump'
const MAX_SLAB_CLASSES = 64

/**
 * Answers `stats` with its words, none for the general statistics: writes all lines but the last, and
 * answers that.
 */
export function reportStats(server: EmbeddedServerState, words: readonly string[]): string {
  const { store, prefixStats } = server
  switch (words[0]) {
    case undefined:
      return writeStats(server, generalStats(server))
    case 'settings':
      return writeStats(server, settingStats(server))
    case 'items':
      return writeStats(server, itemStats(server))
    case 'slabs':
      return writeStats(server, slabStats(server))
    case 'sizes':
      return writeStats(server, [['sizes_status', 'disabled']])
    case 'conns':
      return writeStats(server, connectionStats(server))
    case 'extstore':
      return 'END'
    case 'reset':
      store.counters = new Counters()
      prefixStats.clear()
      return 'RESET'
    case 'detail':
      return reportDetail(server, words[1])
    case 'cachedump':
      return dumpItems(server, words)
    default:
      return 'ERROR'
  }
}

function writeStats({ writer }: EmbeddedServerState, stats: Iterable<Stat>): string {
  for (const [name, value] of stats) writer.stat(name, value)
  return 'END'
}

function generalStats(server: EmbeddedServerState): Stat[] {
  const { store, connections, version } = server
  const { time, counters } = store
  const usage = process.cpuUsage()
  const {
    total_connections,
    total_items,
    expired_unfetched,
    evicted_unfetched,
    evicted_active,
    evictions,
    reclaimed,
    lru_crawler_starts,
    ...commands
  } = counters
  return [
    ['pid', process.pid],
    ['uptime', time.uptime],
    ['time', time.unixTime],
    ['version', version],
    ['libevent', `node ${process.versions.node}`],
    ['pointer_size', 64],
    ['rusage_user', seconds(usage.user)],
    ['rusage_system', seconds(usage.system)],
    ['max_connections', 1024],
    ['curr_connections', connections.size],
    ['total_connections', total_connections],
    ['rejected_connections', 0],
    ['connection_structures', connections.size],
    ['response_obj_oom', 0],
    ['response_obj_count', 1],
    ['response_obj_bytes', 65_536],
    ['read_buf_count', connections.size],
    ['read_buf_bytes', connections.size * 16_384],
    ['read_buf_bytes_free', 0],
    ['read_buf_oom', 0],
    ['reserved_fds', 20],
    ...Object.entries<number>(commands),
    ['limit_maxbytes', store.memoryLimit],
    ['accepting_conns', 1],
    ['listen_disabled_num', 0],
    ['time_in_listen_disabled_us', 0],
    ['threads', 1],
    ['conn_yields', 0],
    ['hash_power_level', 16],
    ['hash_bytes', 524_288],
    ['hash_is_expanding', 0],
    ['slab_reassign_rescues', 0],
    ['slab_reassign_chunk_rescues', 0],
    ['slab_reassign_evictions_nomem', 0],
    ['slab_reassign_inline_reclaim', 0],
    ['slab_reassign_busy_items', 0],
    ['slab_reassign_busy_deletes', 0],
    ['slab_reassign_running', 0],
    ['slabs_moved', 0],
    ['lru_crawler_running', 0],
    ['lru_crawler_starts', lru_crawler_starts],
    ['lru_maintainer_juggles', 0],
    ['malloc_fails', 0],
    ['log_worker_dropped', 0],
    ['log_worker_written', 0],
    ['log_watcher_skipped', 0],
    ['log_watcher_sent', 0],
    ['log_watchers', server.watchers.size],
    ['unexpected_napi_ids', 0],
    ['round_robin_fallback', 0],
    ['bytes', store.bytes],
    ['curr_items', store.size],
    ['total_items', total_items],
    ['slab_global_page_pool', 0],
    ['expired_unfetched', expired_unfetched],
    ['evicted_unfetched', evicted_unfetched],
    ['evicted_active', evicted_active],
    ['evictions', evictions],
    ['reclaimed', reclaimed],
    ['crawler_reclaimed', 0],
    ['crawler_items_checked', 0],
    ['lrutail_reflocked', 0],
    ['moves_to_cold', 0],
    ['moves_to_warm', 0],
    ['moves_within_lru', 0],
    ['direct_reclaims', 0],
    ['lru_bumps_dropped', 0],
  ]
}

function seconds(microseconds: number): string {
  return (microseconds / 1_000_000).toFixed(6)
}

function* connectionStats({ store, connections }: EmbeddedServerState): Generator<Stat, void> {
  let id = 0
  for (const { peer, local, lastCommandAt } of connections) {
    id++
    yield [`${id}:addr`, peer]
    yield [`${id}:listen_addr`, local]
    yield [`${id}:state`, 'conn_parse_cmd']
    yield [`${id}:secs_since_last_cmd`, store.time.now - lastCommandAt]
  }
  for (const { local } of [...connections].slice(0, 1)) {
    id++
    yield [`${id}:addr`, local]
    yield [`${id}:state`, 'conn_listening']
    yield [`${id}:secs_since_last_cmd`, store.time.uptime]
  }
}

function reportDetail(
  { writer, prefixStats }: EmbeddedServerState,
  action: string | undefined,
): string {
  switch (action) {
    case 'on':
    case 'off':
      prefixStats.enabled = action === 'on'
      return 'OK'
    case 'dump':
      for (const line of prefixStats.lines()) writer.line(line)
      return 'END'
    default:
      return USAGE
  }
}

function dumpItems({ store, writer }: EmbeddedServerState, words: readonly string[]): string {
  const [, first, second] = words
  if (first === undefined || second === undefined) {
    return 'CLIENT_ERROR bad command line'
  }
  const id = parseUint32(first)
  const limit = parseUint32(second)
  if (id === undefined || limit === undefined) {
    return 'CLIENT_ERROR bad command line format'
  }
  if (id >= MAX_SLAB_CLASSES) return 'CLIENT_ERROR Illegal slab id'
  let shown = 0
  for (const item of itemsByClass(store.items).get(id) ?? []) {
    if (item.binaryKey) continue
    if (limit !== 0 && shown === limit) break
    const expiry = item.exptime === 0 ? 0 : store.time.toUnixTime(item.exptime)
    writer.line(`ITEM ${item.key} [${item.data.length} b; ${expiry} s]`)
    shown++
  }
  return 'END'
}
