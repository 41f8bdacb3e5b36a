/** Fields that count seconds, which may be apart by a tick of either clock. */
const TIMES = /( t| l|la=|exp=)(-?\d{1,10})(?= |\r)/g

/** An answer without its seconds, and the seconds. */
export interface Comparable {
  readonly text: string
  readonly times: readonly number[]
}

export function comparable(answer: string): Comparable {
  const times: number[] = []
  const text = answer.replace(TIMES, (_, name: string, seconds: string) => {
    times.push(Number(seconds))
    return `${name}<time>`
  })
  return { text, times }
}

/** The most seconds by which two answers are apart. */
export function farthest(ours: readonly number[], theirs: readonly number[]): number {
  return Math.max(0, ...ours.map((time, i) => Math.abs(time - (theirs[i] ?? Number.NaN))))
}
