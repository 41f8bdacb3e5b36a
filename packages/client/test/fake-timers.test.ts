import { afterEach, expect, test, vi } from 'vitest'
import { retrying } from '../src/index.ts'
import { echo, hit, type Link, startedClients } from './scripted-server.ts'

const { start, cleanUp } = startedClients()
afterEach(async () => {
  vi.useRealTimers()
  await cleanUp()
})

/** Answers all but gets of `silent`. */
async function partly(link: Link): Promise<void> {
  await link.greet()
  for (let line = await link.line(); line !== undefined; line = await link.line()) {
    if (line.startsWith('mg ') && !line.startsWith('mg silent ')) link.write(hit(line, 'value'))
  }
}

test('a client connects, serves, times out and closes under fake timers, and after them', async () => {
  vi.useFakeTimers({
    toFake: [
      ...(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'] as const),
      ...(['Date', 'performance', 'hrtime'] as const),
    ],
  })
  const { client, server } = await start({ timeout: 700, connectTimeout: 20_000 }, partly, echo)
  const seen: string[] = []
  client.on('connect', () => seen.push('connect'))
  client.on('reconnect', () => seen.push('reconnect'))
  const patient = retrying(client, { retryDelay: 1 })
  expect(await patient.get('a')).toBe('value')
  // The first attempt times out, the second meets the new connection.
  await expect(client.get('silent')).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
  expect(await patient.get('silent')).toBe('value of silent')
  vi.useRealTimers()
  expect(await patient.get('b')).toBe('value of b')
  await client.close()
  expect(server.links).toHaveLength(2)
  expect(seen).toEqual(['connect', 'reconnect'])
})
