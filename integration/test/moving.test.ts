import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, promisify } from 'node:util'
import { memcached } from '@mc/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { expectedOutput, MOVING, tells, textOf } from '../src/docs/blocks.ts'
import { pathOf } from '../src/programs.ts'
import type { RunningServer } from '../src/servers.ts'

const FOLDER = fileURLToPath(new URL('../.docs-moving/', import.meta.url))

interface Section {
  readonly title: string
  readonly blocks: readonly (readonly [language: string, code: string])[]
}

const [, ...sections] = textOf(MOVING)
  .split(/^## /m)
  .map((text): Section => {
    const blocks = text.matchAll(/^```(ts|python)\n(.*?)^```$/gms)
    const title = text.slice(0, text.indexOf('\n'))
    return { title, blocks: Array.from(blocks, ([, language = '', code = '']) => [language, code]) }
  })

describe('the page on moving without a cold cache', { tags: ['memcached', 'pymemcache'] }, () => {
  let servers: RunningServer[] = []
  beforeAll(() => mkdir(FOLDER, { recursive: true }))
  beforeEach(async () => {
    servers = await Promise.all([1, 2, 3].map(() => memcached.start()))
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await Promise.all(servers.map((server) => server.stop()))
  })
  afterAll(() => rm(FOLDER, { recursive: true, force: true }))

  /** With the servers of the test in the place of those of the page. */
  const onServers = (code: string): string =>
    code.replace(/127\.0\.0\.1:1121(\d)/g, (_, i) => servers[i - 1]?.name ?? expect.unreachable())

  test('has a program for each old client', () => {
    expect(sections.map(({ title }) => title)).toEqual([
      'From memcached (3rd-Eden)',
      'From memjs',
      'From pymemcache',
    ])
  })

  test.each(sections)('$title, where the programs find all keys', async ({ title, blocks }) => {
    const printed: string[] = []
    vi.spyOn(console, 'log').mockImplementation((...args) => printed.push(format(...args)))
    const comments: string[] = []
    for (const [i, [language, code]] of blocks.entries()) {
      if (language === 'python') {
        await promisify(execFile)(pathOf('pymemcache'), ['-c', onServers(code)])
      } else {
        const file = join(FOLDER, `${title.replace(/\W+/g, '-')}-${i}.ts`)
        await writeFile(file, `${onServers(code)}export {}\n`)
        await import(file)
        comments.push(...expectedOutput({ file, line: 0, code }))
      }
    }
    expect(comments).toHaveLength(1)
    expect(comments[0]).toMatch(/^1 /)
    expect({ comments, printed, tells: tells(comments[0] ?? '', printed[0] ?? '') }).toEqual({
      comments,
      printed: [expect.any(String)],
      tells: true,
    })
  })
})
