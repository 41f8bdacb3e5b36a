import { MetaCommand } from '@mc/protocol'
import { expect, test } from 'vitest'
import { WaitingCommands } from '../src/waiting-commands.ts'

const command = () => new MetaCommand({ verb: 'mg', key: 'key' })

test('the clock of a command starts when it is dated, once', () => {
  const waiting = new WaitingCommands()
  const [early, late] = [command(), command()]
  waiting.push(early, 100)
  expect(waiting.date(1000)).toBe(1100)
  waiting.push(late, 50)
  expect([...waiting.dated()]).toEqual([early])
  expect(waiting.date(2000)).toBe(2050)
  expect(waiting.date(3000)).toBe(Number.POSITIVE_INFINITY)
  expect([early.deadline, late.deadline]).toEqual([1100, 2050])
})

test('what is taken out without a deadline gets one', () => {
  const waiting = new WaitingCommands()
  const [first, second] = [command(), command()]
  waiting.push(first, 100)
  waiting.push(second, 200)
  expect(waiting.peek()).toBe(first)
  expect(waiting.shift(1000)).toBe(first)
  expect(first.deadline).toBe(1100)
  expect(waiting.date(2000)).toBe(2200)
  expect(waiting.shift(9000)).toBe(second)
  expect(second.deadline).toBe(2200)
  expect(waiting.shift(9000)).toBeUndefined()
})

test('what is put back comes first, with the deadline that it has', () => {
  const waiting = new WaitingCommands()
  const [sent, alsoSent, next] = [command(), command(), command()]
  waiting.push(next, 100)
  for (const one of [sent, alsoSent]) one.deadline = 500
  waiting.putBack([sent, alsoSent])
  expect([waiting.length, waiting.bytes]).toEqual([3, 3 * next.size])
  expect([...waiting.dated()]).toEqual([sent, alsoSent])
  expect([1, 2, 3].map(() => waiting.shift(1000))).toEqual([sent, alsoSent, next])
  expect([sent.deadline, next.deadline]).toEqual([500, 1100])
  expect(waiting.bytes).toBe(0)
})

test('fail rejects all of them, each with an error of its own', async () => {
  const waiting = new WaitingCommands()
  const commands = [command(), command()]
  const answers = commands.map((one) => {
    waiting.push(one, 100)
    return new Promise((resolve, reject) => one.awaitedBy(resolve, reject))
  })
  waiting.fail((one) => new Error(`${commands.indexOf(one as MetaCommand)}`))
  expect(waiting.length).toBe(0)
  const outcomes = await Promise.allSettled(answers)
  expect(outcomes.map((it) => it.status === 'rejected' && it.reason.message)).toEqual(['0', '1'])
})
