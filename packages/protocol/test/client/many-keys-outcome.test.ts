import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runs, seed } from '../../../../test-support/amounts.ts'
import {
  type Command,
  MemcachePartialError,
  MemcacheServerError,
  MemcacheTimeoutError,
  MemcacheUnexpectedCloseError,
  ReplyParser,
  RequestWriter,
} from '../../src/index.ts'
import { plainSerde, reply, ScriptedClient } from '../support/scripted-client.ts'

/** What becomes of a command that reaches the transport. */
const FATES = ['answered', 'answered late', 'refused', 'lost', 'timed out', 'cut off'] as const
type Fate = (typeof FATES)[number]

/** What a server has under a key: `slow` and `bad` are values that a serde reads later, or not at all. */
const ITEMS = ['hit', 'miss', 'slow', 'bad', 'slow and bad'] as const
type Item = (typeof ITEMS)[number]

const serde = {
  ...plainSerde,
  deserialize(data: Buffer): unknown {
    const text = data.toString()
    if (text === 'bad') throw new Error('unreadable')
    if (text === 'slow') return new Promise((resolve) => setImmediate(() => resolve(text)))
    return text === 'slow and bad' ? Promise.reject(new Error('unreadable')) : text
  },
}

function settle(command: Command, fate: Fate, itemOf: (key: string) => Item): void {
  const request = requestOf(command)
  const place = { server: 'scripted', command: command.name, written: true }
  const answer = (isWhole: boolean): void => {
    const parser = new ReplyParser({ server: 'scripted' })
    parser.push(Buffer.from(replyTo(request, itemOf)))
    for (let units = 0; parser.next() && (isWhole || units < 2); units++) {
      if (command.read(parser)) return
    }
    command.reject(new MemcacheUnexpectedCloseError('cut off', place))
  }
  if (fate === 'answered') answer(true)
  else if (fate === 'answered late') setImmediate(answer, true)
  else if (fate === 'cut off') answer(false)
  else if (fate === 'refused') command.reject(new MemcacheServerError('refused', place))
  else if (fate === 'lost') command.reject(new MemcacheUnexpectedCloseError('lost', place))
  else command.reject(new MemcacheTimeoutError('late', place))
}

function requestOf(command: Command): string {
  const out = new RequestWriter()
  command.write(out, 'text')
  return Buffer.concat(out.take().pieces).toString()
}

function replyTo(request: string, itemOf: (key: string) => Item): string {
  const writes = request.matchAll(/^(delete|set) (\S+)/gm)
  const outcomes = Array.from(writes, ([, verb, key = '']) => {
    if (verb === 'delete') return 'DELETED\r\n'
    return itemOf(key) === 'miss' ? 'NOT_STORED\r\n' : 'STORED\r\n'
  })
  if (outcomes.length > 0) return outcomes.join('')
  const [verb, ...words] = request.split(/\s+/)
  const hits = words.filter((key) => key !== '' && itemOf(key) !== 'miss')
  const cas = verb === 'gets' ? ' 1' : ''
  const values = hits.map((key) => {
    const value = itemOf(key)
    return `VALUE ${key} 0 ${value.length}${cas}\r\n${value}\r\n`
  })
  return `${values.join('')}END\r\n`
}

/** Long keys, of which a line holds 62. */
const KEYS = Array.from({ length: 150 }, (_, i) => `k${i}`.padEnd(240, '_'))

const calls = fc.record({
  method: fc.constantFrom(
    'getMany' as const,
    'getsMany' as const,
    'setMany' as const,
    'deleteMany' as const,
  ),
  keys: fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 200 }),
})

test('each key of a call is found, missing, stored or failed, and an error belongs to one call', {
  tags: ['long'],
}, async () => {
  const several = fc.array(calls, { minLength: 1, maxLength: 4 })
  const fates = fc.array(fc.constantFrom(...FATES), { minLength: 1, maxLength: 40 })
  const items = fc.array(fc.constantFrom(...ITEMS), { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(several, fates, items, async (list, fates, items) => {
      const itemOf = (key: string): Item =>
        items[Number.parseInt(key.slice(1), 10) % items.length] ?? 'hit'
      let commands = 0
      const client = new ScriptedClient(
        (command) => settle(command, fates[commands++ % fates.length] ?? 'lost', itemOf),
        { serde, timeout: 30_000 },
      )
      const owners = new Map<unknown, number>()
      await Promise.all(
        list.map(async ({ method, keys }, call) => {
          const distinct = new Set(keys)
          let found = new Map<string, unknown>()
          let notStored: readonly string[] = []
          let failed = new Map<string, Error>()
          const take = (results: unknown): void => {
            if (method === 'setMany') notStored = results as string[]
            else if (method !== 'deleteMany') found = results as Map<string, unknown>
          }
          try {
            const pairs = keys.map((key) => [key, 1] as const)
            const calls = {
              getMany: () => client.getMany(keys),
              getsMany: () => client.getsMany(keys),
              setMany: () => client.setMany(pairs),
              deleteMany: () => client.deleteMany(keys),
            }
            take(await calls[method]())
          } catch (error) {
            const errors = [error]
            if (error instanceof MemcachePartialError) {
              take(error.results)
              failed = error.failed as Map<string, Error>
              errors.push(...failed.values())
            } else failed = new Map([...distinct].map((key) => [key, error as Error]))
            for (const each of new Set(errors)) {
              if (owners.has(each)) expect(owners.get(each)).toBe(call)
              owners.set(each, call)
            }
          }
          for (const key of distinct) {
            const places = [found.has(key), failed.has(key), notStored.includes(key)]
            const isMissing = method.startsWith('get') && itemOf(key) === 'miss'
            const isDone = !method.startsWith('get')
            const count = places.filter(Boolean).length
            if (count > 1 || (count === 0 && !isMissing && !isDone)) {
              expect.unreachable(`${method}: ${key} is in ${count} places`)
            }
          }
          for (const key of [...found.keys(), ...failed.keys(), ...notStored]) {
            if (!distinct.has(key)) expect.unreachable(`${key} was not asked for`)
          }
        }),
      )
    }),
    { numRuns: runs(100, 500), seed },
  )
})

test('a key that comes twice and fails once has failed', async () => {
  const client = new ScriptedClient((command) => {
    requestOf(command)
    reply(command, 'SERVER_ERROR out of memory\r\nSTORED\r\nNOT_STORED\r\n')
  })
  const pairs = ['k', 'k', 'l'].map((key) => [key, 1] as const)
  const error = await client.setMany(pairs).catch((thrown: unknown) => thrown)
  expect((error as MemcachePartialError).results).toEqual(['l'])
  expect([...(error as MemcachePartialError).failed.keys()]).toEqual(['k'])
})
