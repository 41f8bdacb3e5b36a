import { expect, test, vi } from 'vitest'
import { TestCluster } from './support/cluster.ts'

const loads = vi.hoisted(() => ({ count: 0 }))
vi.mock('@aws-sdk/client-elasticache', () => {
  loads.count++
  return {
    ElastiCacheClient: class {
      destroy(): void {}
    },
    paginateDescribeCacheClusters: async function* () {},
  }
})

test('the SDK is loaded by the source that asks the API, and by nothing else', async () => {
  await using cluster = await TestCluster.start(2)
  const client = cluster.client()
  expect(await client.set('key', 'value')).toBe(true)
  await client.refresh()
  const { elastiCacheApi } = await import('../src/index.ts')
  const source = elastiCacheApi({ cacheClusterId: 'my-cache', region: 'us-east-1' })
  expect(loads.count).toBe(0)
  await expect(source.discover({}, new AbortController().signal)).rejects.toThrow('my-cache')
  expect(loads.count).toBe(1)
})
