// Run by jest beside the two bundles, whose realm is that of the test; and under its fake timers.
import { copiesContract } from './copies.ts'
import type * as Copy from './copy.ts'

declare const describe: (name: string, body: () => void) => void
declare const test: (name: string, body: () => Promise<void>) => void
declare const jest: { useFakeTimers(): void; useRealTimers(): void }
declare const expect: (value: unknown) => { toBe(expected: unknown): void }

const one: typeof Copy = require(`${__dirname}/one.cjs`)
copiesContract(one, require(`${__dirname}/two.cjs`), { describe, test })

test('clients live through fake timers', async () => {
  const server = await one.MemcachedServer.start()
  const clients = [
    new one.Client(server.name),
    new one.HashClient([server.name]),
    new one.PooledClient(server.name),
    one.retrying(new one.Client(server.name), { retryDelay: 1 }),
    new one.FallbackClient([new one.Client(server.name), new one.Client(server.name)]),
  ]
  jest.useFakeTimers()
  for (const client of clients) expect(await client.set('key', 1)).toBe(true)
  jest.useRealTimers()
  for (const client of clients) {
    expect(await client.get('key')).toBe(1)
    await client.close()
  }
  await server.stop()
})
