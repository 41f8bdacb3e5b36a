import { whole } from '../report.ts'
import { total } from './figures.ts'
import { loadsPerExpiry, loadsPerExpiryInOverload, type Result } from './result.ts'

/** A table for each scenario, with ratios to the contender of the name `base`. */
export function formatStampede(results: readonly Result[], base: string): string {
  const of = results.find(({ contender }) => contender === base)
  const ratio = (value: number, ours: number | undefined): string =>
    ours === undefined ? '' : (value / ours).toFixed(1)
  const reference = `× ${base}`

  const expiries = table(
    [
      'contender',
      'loads per expiry',
      'most',
      reference,
      'expiries',
      'p99 ms',
      'longest wait ms',
      'stall ms',
      'reads',
      'rejected',
    ],
    results.map((result) => {
      const { expiries } = result.figures
      const loads = loadsPerExpiry(result)
      return [
        result.contender,
        loads.toFixed(1),
        whole(Math.max(...expiries.rounds)),
        ratio(loads, of && loadsPerExpiry(of)),
        whole(expiries.rounds.length),
        expiries.p99.toFixed(1),
        whole(expiries.longest),
        whole(expiries.stall),
        whole(expiries.reads),
        whole(total(expiries.failures)),
      ]
    }),
  )
  const invalidations = table(
    [
      'contender',
      'old reads',
      'old for up to ms',
      'reads',
      'invalidations',
      'loads',
      reference,
      'rejected',
    ],
    results.map(({ contender, figures: { invalidations } }) => {
      const loads = invalidations.loads / invalidations.invalidations
      const ours = of?.figures.invalidations
      return [
        contender,
        whole(invalidations.old.count),
        whole(invalidations.old.longest),
        whole(invalidations.reads),
        whole(invalidations.invalidations),
        whole(invalidations.loads),
        ratio(loads, ours && ours.loads / ours.invalidations),
        whole(total(invalidations.failures)),
      ]
    }),
  )
  const overload = table(
    [
      'contender',
      'loads per expiry',
      reference,
      'loads per silence',
      'p99 ms',
      'longest wait ms',
      'reads',
      'rejected',
    ],
    results.map((result) => {
      const { overload } = result.figures
      const loads = loadsPerExpiryInOverload(result)
      return [
        result.contender,
        loads.toFixed(1),
        ratio(loads, of && loadsPerExpiryInOverload(of)),
        (overload.loadsInSilence / overload.silences).toFixed(1),
        overload.p99.toFixed(1),
        whole(overload.longest),
        whole(overload.reads),
        whole(total(overload.failures)),
      ]
    }),
  )
  return [
    `## The value expires\n\n${expiries}`,
    `## A writer changes the source and invalidates\n\n${invalidations}`,
    `## The cache falls silent for 300 ms now and then\n\n${overload}`,
  ].join('\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '--:'))
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}
