import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemcachedServer, memcached } from '@mc/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { skipOtherVersion } from '../../test-support/model-version.ts'
import { runPython } from '../src/python.ts'

describe("pymemcache's clients work with the embedded server", {
  tags: ['memcached', 'pymemcache'],
  ...skipOtherVersion,
}, () => {
  for (const way of ['TCP', 'a Unix socket']) {
    test(`and get the answers of a real memcached, over ${way}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'mc-pymemcache-'))
      onTestFinished(() => rm(folder, { recursive: true }))
      const pathOf = (name: string) => (way === 'TCP' ? undefined : join(folder, name))
      await using embedded = await MemcachedServer.start({ path: pathOf('embedded') })
      // Its threads in the background show in how counters are written.
      const args = ['-t', '1', '-o', 'no_lru_maintainer']
      await using real = await memcached.start({ path: pathOf('real'), args })

      const expected = (await runPython('commands.py', real.name)) as unknown[]
      expect(await runPython('commands.py', embedded.name)).toEqual(expected)
      expect(expected.length).toBeGreaterThan(150)
      expect(expected).toContainEqual(['get_many', [["'x'", "'y'", "'z'"]], { "'z'": "b'3'" }])
    })
  }
})
