import { CLIENT_METHODS } from '../methods.ts'
import { CallerStack } from './caller-stack.ts'

type Method = (...args: unknown[]) => Promise<unknown>

/** Makes the calls of one client reject with errors that show where they were made; those of others stay as fast. */
export function captureCalls(client: object): void {
  for (const name of [...CLIENT_METHODS, 'execute']) {
    const method = (client as Record<string, Method | undefined>)[name]
    if (method === undefined) continue
    const value = (...args: unknown[]): Promise<unknown> =>
      new CallerStack().ofAnswer(method.apply(client, args))
    Object.defineProperty(client, name, { value, writable: true, configurable: true })
  }
}
