import { readFile, writeFile } from 'node:fs/promises'
import { figuresOf, kindOf, type Row, ratiosOf, whole } from './report.ts'

/** From this share on a figure is worse in words. */
const WORSE = 0.1

/** The figures of a run by their names, of which more is better. */
export type RunFigures = Readonly<Record<string, number>>

/** What the run says of our clients: their speed, and what it is of each floor and of the best peer. */
export function runFigures(rows: readonly Row[]): RunFigures {
  const figures: Record<string, number> = {}
  for (const row of rows) {
    const ours = figuresOf(row).filter(({ client }) => kindOf(client) === 'ours')
    for (const { client, perSecond } of ours) {
      figures[`${row.workload}: ${client}, per second`] = perSecond
      for (const [other, ratio] of ratiosOf(row, client)) {
        figures[`${row.workload}: ${client}, of ${other}`] = ratio
      }
    }
  }
  return figures
}

/** A sentence for each figure that is worse by a tenth or more. */
export function worsened(before: RunFigures, now: RunFigures): string[] {
  return Object.entries(now).flatMap(([name, figure]) => {
    const earlier = before[name]
    if (earlier === undefined || figure > earlier * (1 - WORSE)) return []
    const percent = Math.round((1 - figure / earlier) * 100)
    return [`${name} is ${percent} % worse: ${shown(figure)}, and ${shown(earlier)} before`]
  })
}

/** Says what is worse than in the run before, whose figures the file holds, and keeps those of this run there. */
export async function compareWithLast(file: URL, now: RunFigures): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  const before = text === undefined ? {} : (JSON.parse(text) as RunFigures)
  await writeFile(file, JSON.stringify({ ...before, ...now }, null, 1))
  const compared = Object.keys(now).filter((name) => name in before).length
  if (compared === 0) return 'No run to compare with: the next one compares with this.'
  const worse = worsened(before, now)
  if (worse.length > 0) return worse.join('\n')
  return `None of ${compared} figures is a tenth worse than in the run before.`
}

function shown(figure: number): string {
  return figure < 100 ? figure.toFixed(2) : whole(figure)
}
