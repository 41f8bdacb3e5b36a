import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, test } from 'vitest'
import { type Command, RequestWriter, type Serde } from '../../src/index.ts'
import { plainSerde, reply, ScriptedClient } from '../support/scripted-client.ts'

const storage = new AsyncLocalStorage<string>()

/** Notes what the storage holds in each of its methods. */
function noting(seen: string[], rest: Partial<Serde<unknown>> = {}): Serde<unknown> {
  const note = (method: string): number => seen.push(`${method}: ${storage.getStore()}`)
  return {
    serialize(value) {
      note('serialize')
      return { data: String(value), flags: 0 }
    },
    deserialize(data) {
      note('deserialize')
      return data.toString()
    },
    keepsData: () => false,
    ...rest,
  }
}

/** A client whose replies come in the context of its connection. */
function connected(serde: Serde<unknown>): ScriptedClient {
  return new ScriptedClient(
    (command: Command) => {
      command.write(new RequestWriter(), 'text')
      const bytes = command.isStore ? 'STORED\r\n' : 'VALUE k 0 1 7\r\nx\r\nEND\r\n'
      setImmediate(() => storage.run('connection', () => reply(command, bytes)))
    },
    { serde },
  )
}

test('a serde runs in the context of the call that it is for', async () => {
  const seen: string[] = []
  const client = connected(noting(seen))
  const calls = [
    () => client.set('k', 1),
    () => client.get('k'),
    () => client.gets('k'),
    () => client.gat('k', 9),
    () => client.getMany(['k']),
  ]
  await Promise.all(calls.map((call, i) => storage.run(`caller ${i}`, call)))
  const expected = [1, 2, 3, 4].map((i) => `deserialize: caller ${i}`)
  expect(seen).toEqual(['serialize: caller 0', ...expected])
})

test('so does deserializeSlice, as a method of the serde', async () => {
  const seen: string[] = []
  const serde = noting(seen, {
    deserializeSlice(this: Serde<unknown>, buffer, start, end) {
      seen.push(`slice: ${storage.getStore()} ${this === serde}`)
      return buffer.toString('latin1', start, end)
    },
  })
  expect(await storage.run('caller', () => connected(serde).get('k'))).toBe('x')
  expect(seen).toEqual(['slice: caller true'])
})

test('one that says that it ignores the context is called as it is', async () => {
  const seen: string[] = []
  const client = connected(noting(seen, { ignoresContext: true }))
  await storage.run('caller', () => client.get('k'))
  expect(seen).toEqual(['deserialize: connection'])
  expect(await connected(plainSerde).get('k')).toBe('x')
})
