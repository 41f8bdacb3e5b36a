import { expect, test } from 'vitest'
import { ManualClock, seededRandom } from '../../src/index.ts'

test('a ManualClock stands still until it is moved, and wakes those whose time has come', async () => {
  const clock = new ManualClock(1000)
  const woken: string[] = []
  const sleep = (milliseconds: number, name: string) =>
    clock.sleep(milliseconds).then(() => woken.push(name))
  const sleepers = [sleep(10, 'ten'), sleep(5, 'five'), sleep(11, 'eleven')]
  expect(clock.now()).toBe(1000)
  clock.advance(10)
  await Promise.all(sleepers.slice(0, 2))
  expect([clock.now(), woken]).toEqual([1010, ['ten', 'five']])
  clock.advance(1)
  await sleepers[2]
  for (const milliseconds of [-1, Number.NaN]) {
    expect(() => clock.advance(milliseconds)).toThrow(RangeError)
  }
})

test('seededRandom gives numbers from 0 to below 1, the same for the same seed', () => {
  const draw = (seed: number) => Array.from({ length: 1000 }, seededRandom(seed))
  const numbers = draw(5)
  expect(draw(5)).toEqual(numbers)
  expect(draw(6)).not.toEqual(numbers)
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
  expect(numbers.reduce((sum, number) => sum + number) / 1000).toBeCloseTo(0.5, 1)
  expect(() => seededRandom(Number.NaN)).toThrow(RangeError)
})
