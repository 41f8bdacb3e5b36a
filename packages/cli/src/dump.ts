import { setTimeout } from 'node:timers/promises'
import { MemcacheServerError, type MetadumpItem } from '@mc/protocol'
import type { Context } from './context.ts'
import { UsageError } from './exit.ts'
import type { Fleet } from './fleet.ts'
import { DumpProgress } from './progress.ts'

/** A server makes one dump at a time: how often it is asked again, and after how many milliseconds. */
const BUSY_ATTEMPTS = 50
const BUSY_DELAY = 100

export interface DumpOptions {
  /** Share of the items that is looked at, above 0 and up to 1; chosen at random. @default 1 */
  readonly sample?: number | undefined
  /** Whether a bar shows how far the dump is. @default true */
  readonly hasProgress?: boolean
  /** What is known so far, in a few words for the progress bar. */
  readonly figures?: () => string
  /** Takes each item; the dump of its server waits for what it answers. */
  readonly onItem: (item: MetadumpItem, server: string) => void | Promise<void>
}

/**
 * Goes through the items of all servers at once, with progress on a terminal. A server that fails is noted, and
 * the others go on.
 *
 * @returns how many items were looked at
 */
export async function dumpFleet(
  context: Context,
  fleet: Fleet,
  { sample = 1, hasProgress = true, figures = () => '', onItem }: DumpOptions,
): Promise<number> {
  if (!(sample > 0 && sample <= 1)) {
    throw new UsageError(`--sample must be above 0 and up to 1, got ${sample}`)
  }
  const progress = new DumpProgress(hasProgress ? context.io.stderr : undefined, figures)
  const refused = new AbortController()
  const signal = AbortSignal.any([context.io.signal, refused.signal])
  let seen = 0
  const dumpServer = async (server: string): Promise<void> => {
    const client = fleet.client(server)
    progress.expect((await client.stats()).curr_items)
    for await (const item of itemsOf(client, signal)) {
      progress.add()
      if (sample < 1 && Math.random() >= sample) continue
      seen++
      const taken = onItem(item, server)
      if (!(taken instanceof Promise)) continue
      // What takes the items cannot go on: the server of the dump is not to blame.
      await taken.catch((error: unknown) => refused.abort(error))
      signal.throwIfAborted()
    }
  }
  const failures = await Promise.all(
    fleet.servers.map((server) =>
      dumpServer(server).catch((error: unknown) => {
        signal.throwIfAborted()
        return { server, error }
      }),
    ),
  ).finally(() => progress.end())
  const failed = failures.filter((failure) => failure !== undefined)
  if (failed.length === fleet.servers.length) throw failed[0]?.error
  for (const { server, error } of failed) context.unreachable(server, error)
  return seen
}

/** The items of one server, when it is done with the dump of somebody else. */
export async function* itemsOf(
  client: ReturnType<Fleet['client']>,
  signal: AbortSignal,
): AsyncGenerator<MetadumpItem, void, undefined> {
  for (let attempt = 1; ; attempt++) {
    const items = client.metadump({ signal })
    let first: IteratorResult<MetadumpItem>
    try {
      first = await items.next()
    } catch (error) {
      const isBusy = error instanceof MemcacheServerError && /^BUSY|locked/.test(error.reason)
      if (!isBusy || attempt === BUSY_ATTEMPTS) throw error
      await setTimeout(BUSY_DELAY, undefined, { signal })
      continue
    }
    if (first.done) return
    yield first.value
    yield* items
    return
  }
}
