import { expect, it } from 'vitest'
import { ByteBudget } from '../src/byte-budget.ts'

/** Work that tells its start in `started`, and ends when it is asked to. */
function worker(budget: ByteBudget, started: string[]) {
  return (name: string, wanted: number, kept = 0) => {
    let end = (): void => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const done = budget.use(
      wanted,
      (granted) => {
        started.push(`${name} ${granted}`)
        return ended
      },
      () => kept,
    )
    return () => {
      end()
      return done
    }
  }
}

it('starts work in order of arrival, nothing before what came first', async () => {
  const started: string[] = []
  const start = worker(new ByteBudget(10), started)
  const endA = start('a', 6)
  const endB = start('b', 8)
  const endC = start('c', 2)
  expect(started).toEqual(['a 6'])
  await endA()
  await new Promise(setImmediate)
  expect(started).toEqual(['a 6', 'b 8', 'c 2'])
  await Promise.all([endB(), endC()])
})

it('gives what is left once nobody can give more back', async () => {
  const started: string[] = []
  const budget = new ByteBudget(10)
  const start = worker(budget, started)
  const endA = start('a', 6, 6)
  const endB = start('b', 6)
  await endA()
  await endB()
  expect(started).toEqual(['a 6', 'b 4'])
  expect(budget.free).toBe(4)
})

it('takes back the bytes of work that fails', async () => {
  const budget = new ByteBudget(10)
  const failure = new Error('no')
  await expect(budget.use(10, () => Promise.reject(failure))).rejects.toBe(failure)
  expect(budget.free).toBe(10)
})
