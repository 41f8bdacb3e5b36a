import type { Repeated } from './workloads.ts'

/** Makes calls for so long, so many at once. */
export async function repeat({ call, check }: Repeated, inFlight: number, seconds: number) {
  const start = performance.now()
  const end = start + seconds * 1000
  // A clock for each call would weigh on the fast clients most.
  const every = inFlight === 1 ? 1 : 63
  const latencies: number[] = []
  let count = 0
  let isOver = false
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (!isOver) {
        const turn = count++
        if (turn % every !== 0) check(await call(turn), turn)
        else {
          const began = performance.now()
          check(await call(turn), turn)
          const ended = performance.now()
          latencies.push(ended - began)
          isOver = ended > end
        }
      }
    }),
  )
  return { count, elapsed: performance.now() - start, latencies }
}
