import { describe, expect, test } from 'vitest'
import { type Command, MemcacheIllegalInputError, MemcacheServerError } from '../../src/index.ts'
import { VersionCommand } from '../../src/toolkit.ts'
import { ScriptedClient } from '../support/scripted-client.ts'

/** Fails every command in a later turn of the event loop, as a connection does. */
function failing(options: { readonly captureStack?: boolean }): ScriptedClient {
  return new ScriptedClient(
    (command: Command) =>
      setImmediate(() => command.reject(new MemcacheServerError('no', { command: command.name }))),
    options,
  )
}

const CALLS: Record<string, (client: ScriptedClient) => Promise<unknown>> = {
  get: (client) => client.get('k'),
  gets: (client) => client.gets('k'),
  gat: (client) => client.gat('k'),
  gats: (client) => client.gats('k'),
  getMany: (client) => client.getMany(['k', 'l']),
  getsMany: (client) => client.getsMany(['k', 'l']),
  set: (client) => client.set('k', 1),
  setMany: (client) => client.setMany({ k: 1, l: 2 }),
  add: (client) => client.add('k', 1),
  replace: (client) => client.replace('k', 1),
  append: (client) => client.append('k', 1),
  prepend: (client) => client.prepend('k', 1),
  cas: (client) => client.cas('k', 1, '1'),
  incr: (client) => client.incr('k'),
  decr: (client) => client.decr('k'),
  touch: (client) => client.touch('k'),
  delete: (client) => client.delete('k'),
  deleteMany: (client) => client.deleteMany(['k', 'l']),
  flushAll: (client) => client.flushAll(),
  stats: (client) => client.stats(),
  version: (client) => client.version(),
  verbosity: (client) => client.verbosity(1),
  cacheMemlimit: (client) => client.cacheMemlimit(64),
  shutdown: (client) => client.shutdown(),
  rawCommand: (client) => client.rawCommand('x'),
  execute: (client) => client.execute(new VersionCommand()),
}

async function stackOf(call: () => Promise<unknown>): Promise<string> {
  return call().then(
    () => expect.unreachable(),
    (error: Error) => error.stack ?? '',
  )
}

describe.each(Object.entries(CALLS))('%s', (_, call) => {
  test('shows its caller with captureStack', async () => {
    const client = failing({ captureStack: true })
    const stack = await stackOf(function userCode() {
      return call(client)
    })
    expect(stack).toContain('userCode')
    expect(stack).toMatch(/^MemcacheServerError: .*no\n/)
  })

  test('does not without', async () => {
    const client = failing({})
    const stack = await stackOf(function userCode() {
      return call(client)
    })
    expect(stack).not.toContain('userCode')
    expect(Object.keys(client)).toEqual(Object.keys(failing({ captureStack: true })))
  })
})

test('illegal input, which shows its caller as it is, is left alone', async () => {
  const client = failing({ captureStack: true })
  await expect(client.get('')).rejects.toBeInstanceOf(MemcacheIllegalInputError)
  expect(() => failing({ captureStack: 1 as unknown as boolean })).toThrow(TypeError)
})
