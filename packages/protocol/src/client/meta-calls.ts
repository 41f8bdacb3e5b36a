import { MetaGetCommand } from '../commands/meta-get.ts'
import { illegalInput } from '../errors.ts'
import { isPromise } from '../foreign.ts'
import { itemKey } from '../key.ts'
import type { CasOptions, CasToken, CommandOptions, Key } from '../memcache-client.ts'
import type { MetaSetOptions } from '../meta-methods.ts'
import type { CommandRunner } from './command-runner.ts'
import { metaSetCommand } from './meta-requests.ts'

/** `metaSet`, whose value may take its serde a while. */
export async function metaSet<V>(
  runner: CommandRunner<V>,
  key: Key,
  value: V,
  options: MetaSetOptions,
): Promise<object | false | undefined> {
  const wire = runner.keys.encode(key)
  // All is checked before anything is sent.
  let build = metaSetCommand(wire, options, runner.now)
  const deadline = runner.deadline(options, 'metaSet')
  if (options.keepTtl === true) {
    const expire = await expireOf(runner, key, options.ifCas as CasToken, deadline.step(options))
    if (typeof expire !== 'number') return expire
    build = metaSetCommand(wire, { ...options, keepTtl: false, expire }, runner.now)
  }
  const command = runner.serializing('metaSet', key, value, build)
  const ready = isPromise(command) ? await runner.serialized(command, deadline, 'metaSet') : command
  return runner.run(ready, deadline.step(options))
}

/** The options of a `cas` that keeps the expiry of the item; what it answers if the item is gone or changed. */
export async function keepingTtl<V>(
  runner: CommandRunner<V>,
  key: Key,
  cas: CasToken,
  options: CasOptions,
): Promise<CasOptions | false | undefined> {
  if (options.expire !== undefined) illegalInput('keepTtl and expire cannot be given together')
  if (options.noreply === true)
    illegalInput('keepTtl needs the reply: it cannot be given with noreply')
  const deadline = runner.deadline(options, 'cas')
  const expire = await expireOf(runner, key, cas, deadline.step(options))
  if (typeof expire !== 'number') return expire
  return { ...deadline.step(options), keepTtl: false, expire }
}

/** Seconds that an item with this token has to live; `false` if it has another, `undefined` if there is none. */
async function expireOf<V>(
  runner: CommandRunner<V>,
  key: Key,
  cas: CasToken,
  options: CommandOptions | undefined,
): Promise<number | false | undefined> {
  const command = new MetaGetCommand<V>({
    name: 'inspect',
    wire: runner.keys.encode(key),
    key: itemKey(key),
    serde: undefined,
    fields: ['cas', 'ttl'],
    actions: ' u',
    isRead: true,
    onWin: runner.returnWin,
  })
  const item = (await runner.run(command, options)) as { cas: CasToken; ttl: number } | undefined
  if (item === undefined) return undefined
  if (item.cas !== cas) return false
  return item.ttl === Number.POSITIVE_INFINITY ? 0 : Math.max(1, item.ttl)
}
