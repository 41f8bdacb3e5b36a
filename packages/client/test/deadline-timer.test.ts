import { performance } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { DeadlineTimer } from '../src/deadline-timer.ts'

test('fires once, at the earliest of the deadlines that it was given', async () => {
  const start = performance.now()
  let fired = 0
  // Another deadline than the second would keep the test waiting until it fails.
  await new Promise<void>((resolve) => {
    const timer = new DeadlineTimer(
      () => {
        fired++
        resolve()
      },
      () => 0,
    )
    timer.arm(start + 3_600_000)
    timer.arm(start + 30)
    timer.arm(start + 7_200_000)
    timer.arm(Number.POSITIVE_INFINITY)
  })
  expect(fired).toBe(1)
})

test('does not fire once it is cleared', async () => {
  let fired = 0
  const timer = new DeadlineTimer(
    () => fired++,
    () => 0,
  )
  timer.arm(performance.now() + 5)
  timer.clear()
  await new Promise<void>((resolve) => {
    new DeadlineTimer(
      () => resolve(),
      () => 0,
    ).arm(performance.now() + 50)
    // The timers of the class do not keep the process alive.
    setTimeout(() => {}, 60)
  })
  expect(fired).toBe(0)
})

test('tells how long the process may have stood still', async () => {
  const stalls: number[] = []
  for (const standStill of [0, 100]) {
    await new Promise<void>((resolve) => {
      const timer = new DeadlineTimer(
        (stalled) => {
          stalls.push(stalled)
          resolve()
        },
        () => 0,
      )
      timer.arm(performance.now() + 10)
      const until = performance.now() + standStill
      while (performance.now() < until);
    })
  }
  expect(stalls[1]).toBeGreaterThanOrEqual(90)
})
