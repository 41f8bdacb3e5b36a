import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isLong } from '../../../test-support/amounts.ts'
import { bundledText } from '../../../test-support/bundle.ts'
import { fleet, newKey, SERVERS, Source } from './support/fleet.ts'

/** A process that loads a key: it says `loading`, and its loader answers `old` when it is sent a line. */
class Loader {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(server: string, dialect: string, key: string) {
    const program = `
      import { once } from 'node:events'
      import { Client } from '@mc/client'
      import { FetchClient } from '@mc/fetch'
      const cache = new FetchClient(new Client('${server}', { dialect: '${dialect}' }), { expire: 100 })
      const value = await cache.fetch('${key}', async () => {
        console.log('loading')
        await once(process.stdin, 'data')
        return 'old'
      })
      await cache.close()
      console.log('answered ' + value)
      process.exit()`
    const child = spawn(process.execPath, [bundledText(program, new URL('..', import.meta.url))], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    onTestFinished(() => void child.kill('SIGKILL'))
  }

  async heard(): Promise<string> {
    return (await this.#lines.next()).value
  }

  async end(signal: 'SIGKILL'): Promise<void> {
    const exit = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exit
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  finish(): void {
    this.#child.stdin?.write('\n')
  }
}

const KINDS = isLong ? /^(embedded )?memcached( in text)?$/ : /^(embedded )?memcached$/

describe.each(SERVERS.filter(({ name }) => KINDS.test(name)))('$name', (kind) => {
  const options = { tags: ['long', ...kind.tags] }

  test(
    'a process that is killed while it loads, or stopped, is replaced, and stores nothing later',
    options,
    async () => {
      const { client, server } = await fleet(kind, 1, { waitTimeout: 50 })
      const dialect = kind.options.dialect ?? 'auto'
      const [killedKey, stoppedKey] = [newKey(), newKey()]
      const killed = new Loader(server.name, dialect, killedKey)
      const stopped = new Loader(server.name, dialect, stoppedKey)
      expect(await Promise.all([killed.heard(), stopped.heard()])).toEqual(['loading', 'loading'])
      await killed.end('SIGKILL')
      stopped.signal('SIGSTOP')
      const source = new Source()
      source.version = 2
      for (const key of [killedKey, stoppedKey]) {
        expect(await client.fetch(key, source.load)).toBe('v2')
        expect(client.fetches.hit).toBe(0)
      }
      expect(source.loads).toBe(2)
      stopped.signal('SIGCONT')
      stopped.finish()
      expect(await stopped.heard()).toBe('answered old')
      for (const key of [killedKey, stoppedKey]) {
        expect(await client.fetch(key, source.load)).toBe('v2')
      }
      expect(source.loads).toBe(2)
    },
  )
})

test('versions of a program with other windows read each other’s values', async () => {
  const [kind] = SERVERS
  if (kind === undefined) throw new Error('there is no server')
  const { clients, clock } = await fleet(kind, 2)
  const [plain, windowed] = clients as [(typeof clients)[0], (typeof clients)[0]]
  const windows = { expire: 10, staleWhileRevalidate: 20, refreshAhead: 5 }
  const key = newKey()
  const source = new Source()
  const fetchBoth = async () => [
    await plain.fetch(key, source.load, { expire: 10 }),
    await windowed.fetch(key, source.load, windows),
  ]
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 5; i++) {
      for (const value of await fetchBoth()) expect(value).toMatch(/^v\d$/)
      clock.pass(1)
    }
    source.version++
    await plain.invalidate(key)
    expect(new Set(await fetchBoth())).toEqual(new Set([`v${source.version}`]))
    clock.pass(40)
    expect(new Set(await fetchBoth())).toEqual(new Set([`v${source.version}`]))
  }
  // What the plain one stores looks old to the other, which then loads it once in the background.
  expect(source.loads).toBeLessThanOrEqual(3 * 6)
})
