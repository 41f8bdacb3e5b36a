import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type * as hash from '@mc/hash'
import type * as pool from '@mc/pool'
import { CLIENT_METHODS, METHODS, type MemcacheClient, MemcacheServerError } from '@mc/protocol'
import { clientContract, MockMemcacheClient, serverCommandsContract } from '@mc/testing'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FOLDER = join(ROOT, 'integration', '.new-method')

/** Where whoever adds a read of one key writes it, beside `memcache-client.ts` and the contract; CONTRIBUTING says the same. */
const PLACES: Readonly<Record<string, string>> = {
  'packages/protocol/src/methods.ts': '',
  'packages/protocol/src/client/command-client.ts':
    'interface CommandClient<V, E extends Record<keyof E, unknown[]> & CommandClientEvents>',
  'packages/fallback/src/fallback-client.ts': 'interface FallbackClient<V>',
}

describe('two methods that are added to MemcacheClient, one to its classes as well', () => {
  afterAll(() => rm(FOLDER, { recursive: true, force: true }))

  test('are asked for in three places, and nowhere else', async () => {
    const errors = await errorsOf([
      ['packages/protocol/src/memcache-client.ts', 'interface MemcacheClient<V>', 'sniff', 'bark'],
      ...Object.entries(PLACES).flatMap(([file, head]) =>
        head === '' ? [] : [[file, head, 'bark']],
      ),
    ])
    const filesOf = (method: string): string[] => [
      ...new Set(errors.filter(({ text }) => text.includes(method)).map(({ file }) => file)),
    ]
    expect(filesOf('sniff')).toEqual(expect.arrayContaining(Object.keys(PLACES)))
    expect(filesOf('bark')).toEqual(['packages/protocol/src/methods.ts'])
  }, 60_000)
})

interface CompilerError {
  readonly file: string
  readonly text: string
}

/** What the compiler says when declarations of files have further methods. */
async function errorsOf(added: readonly string[][]): Promise<CompilerError[]> {
  const declarations = added.map(([file, head, ...methods]) => {
    const members = methods.map((method) => `${method}(key: Key): Promise<string>`)
    return `declare module '../../${file}' { ${head} { ${members.join('; ')} } }`
  })
  await mkdir(FOLDER, { recursive: true })
  await writeFile(
    join(FOLDER, 'added.ts'),
    `import type { CommandClientEvents, Key } from '@mc/protocol'\n${declarations.join('\n')}`,
  )
  await writeFile(
    join(FOLDER, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      include: ['added.ts', '../../packages/*/src/**/*.ts'],
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    }),
  )
  const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', FOLDER], {
    cwd: ROOT,
  }).catch((error: { stdout: string }) => error)
  // What is indented belongs to the error above it.
  return stdout.split(/\n(?=\S)/).flatMap((text) => {
    const file = /^(\S+?)\(\d+,\d+\): error/.exec(text)?.[1]
    return file === undefined ? [] : [{ file, text }]
  })
}

describe('a row of METHODS', () => {
  interface Sniffing {
    sniff(key: string, options?: object): Promise<string>
  }
  const rows = METHODS as Record<string, unknown>

  beforeEach(() => {
    rows.sniff = { ...METHODS.get, name: 'sniff' }
    vi.resetModules()
  })
  afterEach(() => {
    delete rows.sniff
    vi.resetModules()
  })

  /** A client whose `sniff` fails this many times before it answers. */
  function sniffer(failures: number): MemcacheClient & Sniffing {
    let left = failures
    const inner = new MockMemcacheClient() as unknown as MemcacheClient & Sniffing
    inner.sniff = async (key) => {
      if (left-- > 0) throw new MemcacheServerError('busy')
      return `smells of ${key}`
    }
    return inner
  }

  test('gives the method to PooledClient, HashClient and retrying', async () => {
    vi.doMock('../../packages/protocol/src/methods.ts', () => ({
      METHODS: rows,
      CLIENT_METHODS: Object.keys(rows),
    }))
    const { PooledClient } = (await import('@mc/pool')) as typeof pool
    const { HashClient } = (await import('@mc/hash')) as typeof hash
    const { retrying } = await import('@mc/client')
    const one = sniffer(0)
    const pooled = new PooledClient('127.0.0.1:1', { createClient: () => one as never })
    const hashed = new HashClient(['127.0.0.1:1'], { createClient: () => one as never })
    for (const client of [pooled, hashed, retrying(sniffer(1))]) {
      const it = client as unknown as Sniffing
      expect(await it.sniff('roses')).toBe('smells of roses')
    }
    vi.doUnmock('../../packages/protocol/src/methods.ts')
  })
})

test('every method has a rule in the contract that calls it', async () => {
  const called = new Set<string>()
  const checks: (() => Promise<void>)[] = []
  const runner = {
    describe: (_: string, body: () => void) => body(),
    test: (_: string, body: () => Promise<void>) => void checks.push(body),
  }
  const create = (): MockMemcacheClient => {
    const mock = new MockMemcacheClient()
    mocks.push(mock)
    return mock
  }
  const mocks: MockMemcacheClient[] = []
  clientContract({ name: 'mock', create }, runner)
  serverCommandsContract({ name: 'mock', create }, runner)
  for (const check of checks) await check()
  for (const { calls } of mocks) for (const { method } of calls) called.add(method)
  expect(CLIENT_METHODS.filter((method) => !called.has(method))).toEqual([])
})
