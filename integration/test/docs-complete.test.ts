import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CLIENT_METHODS } from '@mc/protocol'
import { describe, expect, test } from 'vitest'
import { blocksOf, documents, importedBy, installedBy, textOf } from '../src/docs/blocks.ts'
import { runPython } from '../src/python.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What pymemcache 4 has beyond the version that Debian packages. */
const SINCE_VERSION_4 = [
  ...['gat', 'gats', 'raw_command', 'get_and_release', 'CompressedSerde', 'compressed_serde'],
  ...[
    'compress',
    'decompress',
    'min_compress_len',
    'AWSElastiCacheHashClient',
    'cfg_node',
    'use_vpc',
  ],
  ...[
    'reconfigure_nodes',
    'MockMemcacheClient',
    'normalize_server_spec',
    'end_tokens',
    'gets_multi',
  ],
]

/** About two screens of text. */
const MOST_LINES = 110

/** Parts that are nobody's to use: set up for the class itself. */
const INTERNAL = ['logger', 'long_type']

describe('the documents are complete', () => {
  // A package manager of a strict layout, such as pnpm, finds nothing else.
  test.each(documents())('%s imports what it says to install, and nothing else', (file) => {
    const imported = new Set(blocksOf(file).flatMap(importedBy))
    expect([...imported].filter((name) => !installedBy(file).includes(name))).toEqual([])
  })

  test.each(readmes())('%s is short, and shows how to install, use and learn more', (file) => {
    const text = textOf(file)
    const guides =
      file === 'README.md' ? /]\(docs\/[\w/-]+\.md/ : /]\(\.\.\/\.\.\/docs\/[\w/-]+\.md/
    expect({
      isShort: text.trimEnd().split('\n').length <= MOST_LINES,
      installs: /\bnpm install |\bnpx @mc\//.test(text),
      hasExample: /^```(ts|sh)\n/m.test(text),
      linksToGuide: guides.test(text),
    }).toEqual({ isShort: true, installs: true, hasExample: true, linksToGuide: true })
  })

  test('every command is on the page of commands', () => {
    expect(missingFrom('docs/commands.md', CLIENT_METHODS)).toEqual([])
  })

  const tags = ['pymemcache']
  test('"From pymemcache" has every public name of pymemcache as installed', { tags }, async () => {
    const names = (await runPython('names.py')) as string[]
    expect(names.length).toBeGreaterThan(100)
    expect(missingFrom('docs/from-pymemcache.md', names)).toEqual([])
  })

  test('"From pymemcache" has what its newer versions added', () => {
    expect(missingFrom('docs/from-pymemcache.md', SINCE_VERSION_4)).toEqual([])
  })

  test('"Failure" has the code of every error', () => {
    const codes = ['packages/protocol/src/errors.ts', 'packages/hash/src/discovery/source.ts']
      .flatMap((file) => [...textOf(file).matchAll(/code: MemcacheErrorCode = '(\w+)'/g)])
      .map(([, code = '']) => code)
    expect(codes.length).toBeGreaterThan(10)
    expect(missingFrom('docs/failure.md', codes)).toEqual([])
  })

  test('links lead somewhere', () => {
    const more = ['CONTRIBUTING.md', 'SECURITY.md', 'bench/README.md', 'bench/RESULTS.md']
    const examples = readdirSync(join(ROOT, 'examples'), { withFileTypes: true })
      .filter((entry) => existsSync(join(ROOT, 'examples', entry.name, 'README.md')))
      .map(({ name }) => `examples/${name}/README.md`)
    const broken: string[] = []
    for (const file of [...documents(), ...more, ...examples]) {
      for (const [, target = ''] of textOf(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (/^[a-z]+:/.test(target)) continue
        if (!existsSync(join(ROOT, dirname(file), target))) broken.push(`${file}: ${target}`)
      }
    }
    expect(broken).toEqual([])
  })
})

function readmes(): string[] {
  return documents().filter((file) => file.endsWith('README.md'))
}

function missingFrom(file: string, names: readonly string[]): string[] {
  const words = new Set(textOf(file).match(/\w+/g))
  return names.filter((name) => !words.has(name) && !INTERNAL.includes(name))
}
