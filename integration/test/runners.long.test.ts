import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { clientContract, MockMemcacheClient } from '@mc/testing'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundled } from '../../test-support/bundle.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const require = createRequire(import.meta.url)

interface Run {
  readonly code: number
  readonly output: string
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<Run> {
  const options = { cwd, env: { ...process.env, NODE_OPTIONS: '', ...env }, timeout: 60_000 }
  return promisify(execFile)(process.execPath, args, options).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      output: error.stdout + error.stderr,
    }),
  )
}

/** How many rules the contract has. */
function countRules(): number {
  let count = 0
  const runner = { describe: (_: string, body: () => void) => body(), test: () => void count++ }
  clientContract({ name: '', create: () => new MockMemcacheClient() }, runner)
  return count
}

describe('the contract runs under', { tags: ['long'] }, () => {
  const rules = countRules()
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mc-runners-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('node:test', async () => {
    const file = bundled(path('../src/runners/contract.node-test.ts'))
    const args = ['--test', '--test-reporter=tap', file]
    const good = await run(args, {}, path('..'))
    expect(good.output).toMatch(/^# fail 0$/m)
    expect(good.output.match(/^ {4,}ok \d+/gm)?.length).toBeGreaterThanOrEqual(rules)
    expect(good.code).toBe(0)
    const bad = await run(args, { BREAK: '1' }, path('..'))
    expect(bad.code).toBe(1)
    expect(bad.output).toMatch(/^# fail [1-9]/m)
  }, 60_000)

  test('jest', async () => {
    // As jest would get it from node_modules: plain JavaScript.
    await build({
      entryPoints: [path('../src/runners/contract.jest-test.ts')],
      outfile: join(folder, 'contract.test.js'),
      ...{ bundle: true, platform: 'node', format: 'cjs', conditions: ['@mc/source'] },
      logLevel: 'error',
    })
    const jest = join(dirname(require.resolve('jest/package.json')), 'bin/jest.js')
    const settings = { jest: { transform: {}, testEnvironment: 'node' } }
    await writeFile(join(folder, 'package.json'), JSON.stringify(settings))
    const args = [jest, '--colors=false']
    const good = await run(args, {}, folder)
    expect(good.output).toContain(`Tests:       ${rules} passed, ${rules} total`)
    expect(good.code).toBe(0)
    const bad = await run(args, { BREAK: '1' }, folder)
    expect(bad.code).toBe(1)
    expect(bad.output).toMatch(/Tests: +[1-9]\d* failed/)
  }, 60_000)
})

describe('two copies of the packages, and the realms of a sandbox', { tags: ['long'] }, () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mc-copies-'))
    const bundle = { bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' } as const
    const conditions = ['@mc/source']
    for (const name of ['one', 'two']) {
      const entryPoints = [path('../src/runners/copy.ts')]
      await build({ ...bundle, conditions, entryPoints, outfile: join(folder, `${name}.cjs`) })
    }
    for (const runner of ['node', 'jest']) {
      const entryPoints = [path(`../src/runners/copies.${runner}-test.ts`)]
      await build({
        ...bundle,
        conditions,
        entryPoints,
        outfile: join(folder, `${runner}.test.cjs`),
      })
    }
    const settings = {
      jest: { transform: {}, testEnvironment: 'node', testMatch: ['**/jest.test.cjs'] },
    }
    await writeFile(join(folder, 'package.json'), JSON.stringify(settings))
  }, 60_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('work together under node:test', async () => {
    const ran = await run(['--test', '--test-reporter=tap', 'node.test.cjs'], {}, folder)
    expect(ran.output).toMatch(/^# fail 0$/m)
    expect(ran.output).toMatch(/^# pass [6-9]$/m)
  })

  test('work together under jest', async () => {
    const jest = join(dirname(require.resolve('jest/package.json')), 'bin/jest.js')
    const ran = await run([jest, '--colors=false'], {}, folder)
    expect(ran.output).toMatch(/Tests: +7 passed, 7 total/)
  }, 60_000)
})
