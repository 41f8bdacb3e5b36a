import {
  type MetadumpItem,
  type MetadumpSelection,
  parseMetadumpLine,
  parseWatchLine,
  WATCH_TOPICS,
  type WatchEvent,
  type WatchTopic,
} from '@mc/protocol'
import { checkMilliseconds, checkOptionNames, isAbortSignal, mustBe } from '@mc/protocol/toolkit'
import { Failures } from './failures.ts'
import { LineStream, type StreamRequest } from './line-stream.ts'
import type { ServerSettings } from './options.ts'

/** Options of `watch`. */
export interface WatchOptions {
  /** Ends the stream, which rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Options of `metadump`. */
export interface MetadumpOptions extends WatchOptions {
  /**
   * `all` walks the lists of use, slab classes those of theirs. `hash`, from 1.6.9, walks the hash table and is
   * for readers that never wait: while one waits, the server keeps the lock of the items where the walk stands,
   * and every request for one of them hangs, with its connection and others of the same thread.
   *
   * @default 'all'
   */
  readonly select?: MetadumpSelection | undefined
  /** Milliseconds for which the server may be silent while an item is awaited. @default 10000 */
  readonly timeout?: number | undefined
}

const METADUMP_OPTIONS: ReadonlySet<string> = new Set(['select', 'timeout', 'signal'])
const WATCH_OPTIONS: ReadonlySet<string> = new Set(['signal'])

/** The streams of one client, each on a connection of its own. */
export class Streams {
  readonly #to: ServerSettings
  readonly #open = new Set<LineStream<unknown>>()
  #isClosed = false

  constructor(to: ServerSettings) {
    this.#to = to
  }

  /** @throws TypeError or RangeError for an invalid option */
  metadump(options: MetadumpOptions = {}): LineStream<MetadumpItem> {
    checkOptionNames(options, METADUMP_OPTIONS)
    return this.#start({
      command: 'metadump',
      line: `lru_crawler metadump ${selectionText(options.select ?? 'all')}`,
      parse: parseMetadumpLine,
      end: 'END',
      timeout: checkMilliseconds('timeout', options.timeout ?? 10_000),
      signal: checkSignal(options.signal),
    })
  }

  /** @throws TypeError for an invalid topic or option */
  watch(
    topics: WatchTopic | readonly WatchTopic[],
    options: WatchOptions = {},
  ): LineStream<WatchEvent> {
    checkOptionNames(options, WATCH_OPTIONS)
    const words = typeof topics === 'string' ? [topics] : topics
    if (
      !Array.isArray(words) ||
      words.length === 0 ||
      !words.every((it) => WATCH_TOPICS.includes(it))
    ) {
      mustBe('topics', `one or more of ${WATCH_TOPICS.join(', ')}`, topics)
    }
    return this.#start({
      command: 'watch',
      line: `watch ${words.join(' ')}`,
      parse: (line) => (/^(ts|skipped)=/.test(line) ? parseWatchLine(line) : undefined),
      end: undefined,
      timeout: undefined,
      signal: checkSignal(options.signal),
    })
  }

  /** Ends all streams with `MemcacheClosedError`. */
  close(): void {
    this.#isClosed = true
    for (const stream of this.#open) stream.fail(this.#closed())
  }

  #start<T>(request: StreamRequest<T>): LineStream<T> {
    const stream: LineStream<T> = new LineStream(this.#to, request, () => this.#open.delete(stream))
    this.#open.add(stream)
    if (this.#isClosed) stream.fail(this.#closed())
    else if (request.signal?.aborted) stream.fail(request.signal.reason)
    return stream
  }

  #closed(): Error {
    return new Failures(this.#to.place.server).closed()
  }
}

function selectionText(select: MetadumpSelection): string {
  if (select === 'hash' || select === 'all') return select
  const isList = Array.isArray(select) && select.length > 0
  if (!isList || !select.every((id) => Number.isInteger(id) && id >= 1 && id < 64)) {
    mustBe('select', "'hash', 'all' or slab classes from 1 to 63", select)
  }
  return select.join(',')
}

function checkSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal !== undefined && !isAbortSignal(signal)) mustBe('signal', 'an AbortSignal', signal)
  return signal
}
