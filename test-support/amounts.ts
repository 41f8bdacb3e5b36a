const { MC_LONG, MC_RUNS, MC_SEED } = process.env

/** Whether this is `pnpm test:long`, which runs the tests tagged `long` and nothing else. */
export const isLong: boolean = MC_LONG !== undefined

/** How often a random test runs: `pnpm test` wants seconds, `pnpm test:long` more, and MC_RUNS says how often. */
export function runs(quick: number, long: number): number {
  return Number(MC_RUNS || (isLong ? long : quick))
}

/**
 * Those of several kinds of one thing that a test tagged `long` is for: `pnpm test:long` takes all, `pnpm test` the first and
 * one of the others, another by another seed.
 */
export function kinds<T>(all: readonly T[]): readonly T[] {
  return isLong ? all : all.filter((_, i) => i === 0 || i === 1 + (seed % (all.length - 1)))
}

/**
 * Whether a run takes case `i` of a test tagged `long`: `pnpm test:long` takes all, `pnpm test` one of every `of`, others by
 * another seed.
 */
export function isTurn(i: number, of: number): boolean {
  return isLong || (i + seed) % of === 0
}

/** Of random tests: another in each run, unless MC_SEED repeats one. */
export const seed: number = Number(MC_SEED ?? Math.floor(Math.random() * 2 ** 31))
