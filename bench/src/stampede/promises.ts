import { loadsPerExpiryInOverload, type Result } from './result.ts'

/** Milliseconds. */
const WAIT_WITH_WINDOWS = 50
const LOADS_IN_OVERLOAD = 2

/**
 * What the figures of `FetchClient` fall short of, as sentences; empty when all promises held.
 *
 * @param load - milliseconds of a load
 * @param reads - that a run with invalidations must have had at least
 */
export function brokenPromises(
  { contender, ...result }: Result,
  { load, reads }: { readonly load: number; readonly reads: number },
): string[] {
  const { expiries, invalidations } = result.figures
  const hasWindows = contender.endsWith('stale')
  const most = Math.max(0, ...expiries.rounds)
  const longest = load * 1.25 + 50
  const overload = loadsPerExpiryInOverload({ contender, ...result })
  const checks: [holds: boolean, sentence: string][] = [
    [expiries.rounds.length > 0, 'nothing expired'],
    [most <= 1, `${most} loads for one expiry`],
    [invalidations.reads >= reads, `only ${invalidations.reads} reads`],
    [invalidations.old.count === 0, `${invalidations.old.count} old reads`],
    [
      // On a busy machine a process stands still, whatever its callers wait for.
      hasWindows || expiries.longest <= longest + expiries.stall,
      `a read took ${expiries.longest.toFixed(0)} ms, more than ${longest} and the ${expiries.stall.toFixed(0)} for which a process stood still`,
    ],
    [
      !hasWindows || expiries.p99 < WAIT_WITH_WINDOWS,
      `p99 of ${expiries.p99.toFixed(1)} ms, not below ${WAIT_WITH_WINDOWS}`,
    ],
    [
      overload < LOADS_IN_OVERLOAD,
      `${overload.toFixed(2)} loads per expiry in overload, not below ${LOADS_IN_OVERLOAD}`,
    ],
  ]
  return checks.filter(([holds]) => !holds).map(([, sentence]) => `${contender}: ${sentence}`)
}
