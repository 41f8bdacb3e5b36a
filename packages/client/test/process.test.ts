import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { bundledText } from '../../../test-support/bundle.ts'
import { echo, type Link, startedClients } from './scripted-server.ts'

const { start, cleanUp } = startedClients()
afterEach(cleanUp)

/** Runs a module that has a `client`; answers its output. Rejects unless it ends by itself. */
async function run(server: string, code: string): Promise<string> {
  const script = `import { Client } from '@mc/client'
    const client = new Client('${server}', { timeout: 3600_000, connectTimeout: 3600_000 })
    ${code}`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [bundledText(script, new URL('..', import.meta.url))],
    {
      timeout: 25_000,
    },
  )
  return stdout
}

async function mute(link: Link): Promise<void> {
  await link.greet()
}

test.each([
  ['connected', echo, `await client.connect()`],
  ['used its client', echo, `await client.get('a')`],
  ['used its client many times', echo, `for (let i = 0; i < 9; i++) await client.get('a')`],
  [
    'gave up a call',
    mute,
    `await client.connect()
    await client.get('a', { timeout: 20 }).catch(() => {})`,
  ],
])('a process that %s ends by itself, long before the timeout', async (_, script, code) => {
  const { server } = await start({}, script)
  expect(await run(server.name, `${code}; console.log('done')`)).toBe('done\n')
})
