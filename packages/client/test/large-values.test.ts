import { afterEach, expect, test } from 'vitest'
import { startedClients } from './scripted-server.ts'

const clients = startedClients()
afterEach(() => clients.cleanUp())

/** Text of which every part says whose it is. */
function textOf(index: number, length: number): string {
  return `<${index}>`.repeat(Math.ceil(length / 3)).slice(0, length)
}

test('large values that wait for a slow server arrive as they were given', async () => {
  const count = 150
  const { client, server } = await clients.start({ dialect: 'text', timeout: 30_000 }, (link) => {
    link.socket.pause()
  })
  const lengths = Array.from({ length: count }, (_, i) => [20_000, 300_000, 150_000][i % 3] ?? 0)
  const send = (from: number, to: number) =>
    lengths.slice(from, to).map((length, i) => client.set('key', textOf(from + i, length)))
  const calls = send(0, 30)
  await expect.poll(() => server.links.length).toBe(1)
  // Those of a later turn must not be written over the ones that still wait.
  await new Promise((resolve) => setImmediate(resolve))
  calls.push(...send(30, count))
  const [link] = server.links
  link?.socket.resume()
  const expected = lengths.map((length, i) => `set key 16 0 ${length}\r\n${textOf(i, length)}\r\n`)
  const total = expected.join('').length
  await expect.poll(() => link?.received.length, { timeout: 30_000 }).toBe(total)
  expect(link?.received === expected.join('')).toBe(true)
  link?.write('STORED\r\n'.repeat(count))
  expect(new Set(await Promise.all(calls))).toEqual(new Set([true]))
}, 60_000)
