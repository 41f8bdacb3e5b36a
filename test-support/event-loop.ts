import { setImmediate } from 'node:timers/promises'

/** Lets the event loop stand still, as a long calculation does, while other processes and threads go on. */
export function stall(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

/** Lets the event loop turn so many times. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}

/** Lets the event loop stand still, again and again, until the work settles; settles as it does. */
export async function stallUntilSettled<T>(work: Promise<T>, milliseconds = 30): Promise<T> {
  let hasSettled = false
  const settled = work.finally(() => {
    hasSettled = true
  })
  settled.catch(() => {})
  while (!hasSettled) {
    stall(milliseconds)
    await turns(2)
  }
  return settled
}
