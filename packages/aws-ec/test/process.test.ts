import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bundledText } from '../../../test-support/bundle.ts'
import { TestCluster } from './support/cluster.ts'

let cluster: TestCluster
beforeEach(async () => {
  cluster = await TestCluster.start(2)
})
afterEach(() => cluster[Symbol.asyncDispose]())

/** Runs a module whose last act is to print `done`; answers how long it lived on, in milliseconds. */
async function lifeAfter(code: string): Promise<number> {
  const module = `
    import { configurationEndpoint, ElastiCacheHashClient } from '@mc/aws-ec'
    const source = configurationEndpoint('${cluster.endpoint.name}')
    ${code}
    console.log('done')`
  const program = bundledText(module, new URL('..', import.meta.url))
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), exit])
  const done = performance.now()
  expect(await exit).toEqual([0, null])
  return performance.now() - done
}

test.each([
  ['created a client and closed it', 'await new ElastiCacheHashClient(source).close()'],
  ['created a client', 'new ElastiCacheHashClient(source)'],
  [
    'used a client and closed it',
    `const client = new ElastiCacheHashClient(source, { timeout: 60_000 })
    await client.set('key', 1)
    await client.close()`,
  ],
  [
    'closed a client that was asking for nodes',
    `const client = new ElastiCacheHashClient(source)
    client.refresh().catch(() => {})
    await client.close()`,
  ],
  [
    'left a client that polls often',
    `const client = new ElastiCacheHashClient(source, { pollInterval: 60_000, timeout: 60_000 })
    await client.set('key', 1)`,
  ],
])('a process that %s exits by itself', async (_, code) => {
  expect(await lifeAfter(code)).toBeLessThan(20_000)
})
