const { MC_LONG, MC_RUNS, MC_SEED } = process.env

/** Whether this is `pnpm test:long`, which runs the tests tagged `long` and nothing else. */
export const isLong: boolean = MC_LONG !== undefined

/** How often a random test runs: `pnpm test` wants seconds, `pnpm test:long` more, and MC_RUNS says how often. */
export function runs(quick: number, long: number): number {
  return Number(MC_RUNS || (isLong ? long : quick))
}

/** Of random tests: another in each run, unless MC_SEED repeats one. */
export const seed: number = Number(MC_SEED ?? Math.floor(Math.random() * 2 ** 31))
