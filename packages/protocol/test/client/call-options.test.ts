import { describe, expect, test } from 'vitest'
import {
  CommandClient,
  type CommandClientEvents,
  MemcacheIllegalInputError,
} from '../../src/index.ts'
import { CALL_OPTIONS, COMMAND_CLIENT_OPTIONS, VersionCommand } from '../../src/toolkit.ts'
import { plainSerde, ScriptedClient } from '../support/scripted-client.ts'

type Options = Record<string, unknown> | undefined

const CALLS: Record<
  string,
  readonly [
    keyof typeof CALL_OPTIONS,
    (client: ScriptedClient, options: Options) => Promise<unknown>,
  ]
> = {
  get: ['read', (client, options) => client.get('k', options as never)],
  gets: ['read', (client, options) => client.gets('k', options as never)],
  gat: ['read', (client, options) => client.gat('k', 1, options as never)],
  gats: ['read', (client, options) => client.gats('k', 1, options as never)],
  getMany: ['command', (client, options) => client.getMany(['k'], options)],
  getsMany: ['command', (client, options) => client.getsMany(['k'], options)],
  set: ['store', (client, options) => client.set('k', 1, options)],
  add: ['store', (client, options) => client.add('k', 1, options)],
  replace: ['store', (client, options) => client.replace('k', 1, options)],
  append: ['store', (client, options) => client.append('k', 1, options)],
  prepend: ['store', (client, options) => client.prepend('k', 1, options)],
  cas: ['cas', (client, options) => client.cas('k', 1, '1', options)],
  setMany: ['store', (client, options) => client.setMany({ k: 1 }, options)],
  incr: ['counter', (client, options) => client.incr('k', 1, options)],
  decr: ['counter', (client, options) => client.decr('k', 1, options)],
  touch: ['write', (client, options) => client.touch('k', 1, options)],
  delete: ['write', (client, options) => client.delete('k', options)],
  deleteMany: ['deleteMany', (client, options) => client.deleteMany(['k'], options)],
  flushAll: ['flush', (client, options) => client.flushAll(options)],
  version: ['command', (client, options) => client.version(options)],
  verbosity: ['write', (client, options) => client.verbosity(1, options)],
  cacheMemlimit: ['write', (client, options) => client.cacheMemlimit(64, options)],
  shutdown: ['shutdown', (client, options) => client.shutdown(options)],
  rawCommand: ['raw', (client, options) => client.rawCommand('x', options)],
  execute: ['command', (client, options) => client.execute(new VersionCommand(), options)],
}

const right = {
  ...{ timeout: 50, signal: new AbortController().signal, noreply: true, default: 1 },
  ...{ expire: 1, flags: 1, delay: 1, endToken: 'x', graceful: true },
  ...{ initial: 1, keepTtl: false, found: true },
}

/** With the other options of `right` they cannot do without the reply. */
const NEEDS_REPLY: ReadonlySet<string> = new Set(['counter', 'deleteMany'])

describe.each(Object.entries(CALLS))('options of %s', (_, [kind, call]) => {
  const client = new ScriptedClient((command) => command.resolve(undefined))

  test('it takes those of its kind, and nothing for others', async () => {
    const names = CALL_OPTIONS[kind]
    const given = Object.entries(right).map(([name, value]) => [
      name,
      names.has(name) && !(name === 'noreply' && NEEDS_REPLY.has(kind)) ? value : undefined,
    ])
    await call(client, { ...Object.fromEntries(given), ttl: undefined })
    await call(client, undefined)
  })

  test.each(['ttl', 'timeOut', 'bananas', ...Object.keys(right)])(
    '%s of another kind is refused',
    async (name) => {
      if (CALL_OPTIONS[kind].has(name)) return
      const refused = call(client, { [name]: 5 })
      await expect(refused).rejects.toBeInstanceOf(MemcacheIllegalInputError)
      await expect(call(client, { [name]: 5 })).rejects.toThrow(`there is no option "${name}"`)
    },
  )
})

test('a misspelt option names the nearest', async () => {
  const client = new ScriptedClient((command) => command.resolve(true))
  await expect(client.set('k', 1, { ttl: 60 } as never)).rejects.toThrow('did you mean expire?')
  await expect(client.get('k', { timeOut: 60 } as never)).rejects.toThrow('did you mean timeout?')
})

test('a class refuses options that are not among its own', () => {
  class Strict extends CommandClient<unknown, CommandClientEvents> {
    readonly server = 'strict'
    constructor(options: object) {
      super(options, plainSerde, Date.now, new Set([...COMMAND_CLIENT_OPTIONS, 'extra']))
    }
    protected dispatch(): void {}
    async quit(): Promise<void> {}
    async close(): Promise<void> {}
  }
  expect(new Strict({ extra: 1, timeout: 5, other: undefined }).server).toBe('strict')
  expect(() => new Strict({ prefix: 'a' })).toThrow('did you mean keyPrefix?')
  expect(() => new Strict({ timeuot: 5 })).toThrow(TypeError)
})
