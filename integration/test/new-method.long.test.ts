import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FOLDER = join(ROOT, 'integration', '.new-method')

/** Where whoever adds a read of one key writes it, beside `memcache-client.ts` and the contract; CONTRIBUTING says the same. */
const PLACES: Readonly<Record<string, string>> = {
  'packages/protocol/src/methods.ts': '',
  'packages/protocol/src/client/command-client.ts':
    'interface CommandClient<V, E extends Record<keyof E, unknown[]> & CommandClientEvents>',
  'packages/fallback/src/fallback-client.ts': 'interface FallbackClient<V>',
}

describe('two methods that are added to MemcacheClient, one to its classes as well', {
  tags: ['long'],
}, () => {
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
