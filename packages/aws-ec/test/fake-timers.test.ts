import { setImmediate } from 'node:timers'
import { Client } from '@mc/client'
import { afterEach, expect, test, vi } from 'vitest'
import { ElastiCacheHashClient } from '../src/index.ts'

afterEach(() => {
  vi.useRealTimers()
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const nodes = [{ host: 'a.test', ip: '10.0.0.1', port: 11211 }]

test.each([true, false])(
  'under fake timers of an application (%s) polls go on, and end',
  async (isFake) => {
    if (isFake) vi.useFakeTimers()
    let polls = 0
    let isHanging = false
    const discover = async () => {
      polls++
      return isHanging ? new Promise<never>(() => {}) : { nodes }
    }
    const client = new ElastiCacheHashClient(
      { name: 'a source', discover },
      {
        pollInterval: 5,
        discoveryTimeout: 20,
        createClient: (address, options) => {
          const own = new Client(address, options)
          return Object.assign(own, { close: async () => own.destroy() })
        },
      },
    )
    await client.refresh()
    while (polls < 4) await turn()
    isHanging = true
    await expect(client.refresh()).rejects.toThrow('no answer within 20 ms')
    await client.close()
  },
)
