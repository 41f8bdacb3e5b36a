import type { MetadumpItem } from '@mc/protocol'
import { rawSerde } from '@mc/serde'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { Copier, type CopyCounts } from '../copy/copier.ts'
import { RateLimit } from '../copy/rate-limit.ts'
import { Verifier, type VerifyCounts } from '../copy/verifier.ts'
import { dumpFleet } from '../dump.ts'
import { Exit, UsageError } from '../exit.ts'
import type { Fleet } from '../fleet.ts'
import { globTest } from '../glob.ts'
import { bytesText, countText } from '../units.ts'

/** Items that are looked up, read and stored in one go. */
const BATCH = 1000

/** Milliseconds for a batch, which may have large values. */
const TIMEOUT = 10_000

/**
 * A dump leaves out what is in use at the moment, so it is repeated until one finds nothing more to copy; not for
 * ever, as the source may be in use.
 */
const MAX_PASSES = 5

interface CopyFlags {
  readonly rate?: number
  readonly only?: string
  readonly dryRun?: boolean
  readonly verify?: boolean
  readonly json?: boolean
}

/** Warms a fleet from another. */
export function addCopy(program: Command, context: Context): void {
  program
    .command('copy <from> <to>')
    .description(
      'copy what TO does not have, with its flags and time to live; run it again to go on',
    )
    .option('--rate <items>', 'at most so many items a second', Number)
    .option('--only <glob>', 'keys that match * ? [a-z]')
    .option('--dry-run', 'count what would be copied')
    .option('--verify', 'compare all items afterwards; exit 1 if one is missing or different')
    .action(async (fromList: string, toList: string, _: object, command: Command) => {
      const flags = command.optsWithGlobals<CopyFlags>()
      const { rate = Number.POSITIVE_INFINITY, only, dryRun = false, verify, json } = flags
      if (!(rate > 0))
        throw new UsageError(`--rate must be more than 0 items a second, got ${rate}`)
      const raw = { serde: rawSerde, timeout: TIMEOUT }
      await using from = await context.fleet(command, { servers: fromList, ...raw })
      await using to = await context.fleet(command, { servers: toList, ...raw })
      const copier = new Copier(from, to, new RateLimit(rate, context.io.signal), dryRun)
      const size = Math.max(1, Math.min(BATCH, Math.ceil(rate / 10)))
      const matches = only === undefined ? undefined : globTest(only)
      const each = (figures: () => string, take: BatchTaker) =>
        inBatches(context, from, size, matches, figures, take)
      try {
        await copyAll(copier, each, dryRun)
      } catch (error) {
        context.exit = Exit.failed
        context.note(
          `${copier.counts.copied} items were copied; the same command goes on from here`,
        )
        throw error
      }
      const { counts, failure } = copier
      if (failure !== undefined) context.note(`refused: ${failure.message}`)
      if (counts.failed > 0) context.exit = Exit.failed
      let compared: VerifyCounts | undefined
      if (verify && !dryRun) {
        const verifier = new Verifier(from, to)
        const figures = () => `${countText(verifier.counts.same)} the same`
        await each(figures, (items, server) => verifier.compare(items, server))
        compared = verifier.counts
        if (compared.missing + compared.different > 0) context.exit = Exit.failed
      }
      if (json) return context.json({ ...counts, dryRun, ...(compared && { verified: compared }) })
      return context.print(summaryOf(counts, dryRun, compared))
    })
}

type BatchTaker = (items: readonly MetadumpItem[], server: string) => Promise<void>

async function copyAll(
  copier: Copier,
  each: (figures: () => string, take: BatchTaker) => Promise<void>,
  isDry: boolean,
): Promise<void> {
  const { counts } = copier
  for (let pass = 1; pass <= (isDry ? 1 : MAX_PASSES); pass++) {
    const { copied, present } = counts
    Object.assign(counts, { gone: 0, failed: 0 })
    const figures = () => `${countText(counts.copied)} ${isDry ? 'to copy' : 'copied'}`
    await each(figures, (items, server) => copier.copy(items, server))
    // Later passes meet what the first one copied.
    if (pass > 1) counts.present = present
    if (counts.copied === copied) break
  }
}

async function inBatches(
  context: Context,
  fleet: Fleet,
  size: number,
  matches: ((text: string) => boolean) | undefined,
  figures: () => string,
  take: BatchTaker,
): Promise<void> {
  const batches = new Map<string, MetadumpItem[]>()
  await dumpFleet(context, fleet, {
    figures,
    onItem(item, server) {
      if (matches !== undefined && !matches(item.key.toString())) return
      const batch = batches.get(server) ?? []
      batch.push(item)
      if (batch.length < size) {
        batches.set(server, batch)
        return
      }
      batches.delete(server)
      return take(batch, server)
    },
  })
  await Promise.all([...batches].map(([server, batch]) => take(batch, server)))
}

function summaryOf(counts: CopyCounts, isDry: boolean, verified: VerifyCounts | undefined): string {
  const verb = isDry ? 'would be copied' : 'copied'
  const bytes = isDry ? '' : ` (${bytesText(counts.bytes)})`
  const lines = [`${countText(counts.copied)} items ${verb}${bytes}`]
  if (isDry) lines.push(`${countText(counts.present)} are there already`)
  if (counts.failed > 0) lines.push(`${countText(counts.failed)} were refused`)
  if (verified !== undefined) {
    const { same, missing, different } = verified
    lines.push(`verified: ${countText(same)} the same, ${missing} missing, ${different} different`)
  }
  return `${lines.join('\n')}\n`
}
