import { afterEach, expect, test } from 'vitest'
import { echo, hit, startedClients } from './scripted-server.ts'

const { start, cleanUp } = startedClients()
afterEach(cleanUp)

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('calls behind one that is late have their whole time', async () => {
  const timeout = 1000
  let giveUp: () => void = () => {}
  const hasGivenUp = new Promise<void>((resolve) => {
    giveUp = resolve
  })
  const { client } = await start({ timeout, dialect: 'meta' }, async (link) => {
    link.write(hit(await link.line(), 'first'))
    const lines = [await link.line()]
    // Silent until the first of them has timed out, and no longer than its caller waits once more.
    await hasGivenUp
    for (;;) {
      const line = lines.pop() ?? (await link.line())
      if (line === undefined) return
      link.write(hit(line, 'late'))
    }
  })
  expect(await client.get('a', { timeout: 30_000 })).toBe('first')
  const late = client.get('b').catch((error: unknown) => {
    giveUp()
    return error
  })
  const behind: Promise<unknown>[] = []
  for (let i = 0; i < 10; i++) {
    await wait(timeout / 20)
    behind.push(client.get(`c${i}`, { timeout: 30_000 }))
  }
  expect(await late).toMatchObject({ code: 'MEMCACHE_TIMEOUT', written: true })
  expect(await Promise.all(behind)).toEqual(behind.map(() => 'late'))
  expect(client.isConnected).toBe(true)
})

test('reads of a connection that is given up for its silence are sent once more, writes are not', async () => {
  const { client, server } = await start(
    { timeout: 50, connectTimeout: 30_000 },
    async (link) => {
      await link.greet()
      link.write(hit(await link.line(), 'first'))
    },
    echo,
  )
  await client.get('a', { timeout: 30_000 })
  const late = client.get('b')
  const read = client.get('c', { timeout: 30_000 })
  const write = client.set('d', 1, { timeout: 30_000 })
  await expect(late).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
  await expect(write).rejects.toMatchObject({ code: 'MEMCACHE_UNEXPECTED_CLOSE', written: true })
  expect(await read).toBe('value of c')
  expect(server.links).toHaveLength(2)
})
