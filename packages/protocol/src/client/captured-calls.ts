import type { MemcacheClient, ServerCommands } from '../memcache-client.ts'
import { CallerStack } from './caller-stack.ts'

type CallName = Exclude<keyof MemcacheClient | keyof ServerCommands, symbol | 'quit' | 'close'>

/** Methods that send something. */
const CALLS: readonly (CallName | 'execute')[] = [
  ...(['get', 'gets', 'getMany', 'getsMany', 'gat', 'gats'] as const),
  ...(['set', 'setMany', 'add', 'replace', 'append', 'prepend', 'cas'] as const),
  ...(['incr', 'decr', 'touch', 'delete', 'deleteMany', 'flushAll'] as const),
  ...(['stats', 'version', 'verbosity', 'cacheMemlimit', 'shutdown', 'rawCommand'] as const),
  'execute',
]

type Method = (...args: unknown[]) => Promise<unknown>

/** Makes the calls of one client reject with errors that show where they were made; those of others stay as fast. */
export function captureCalls(client: object): void {
  for (const name of CALLS) {
    const method = (client as Record<string, Method | undefined>)[name]
    if (method === undefined) continue
    const value = (...args: unknown[]): Promise<unknown> =>
      new CallerStack().ofAnswer(method.apply(client, args))
    Object.defineProperty(client, name, { value, writable: true, configurable: true })
  }
}
