import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { blocksOf, documents, programOf } from '../src/docs/blocks.ts'

const FOLDER = fileURLToPath(new URL('../.docs-types/', import.meta.url))

test('the code in the documents has no type errors', {
  tags: ['long'],
  timeout: 120_000,
}, async () => {
  const blocks = documents().flatMap(blocksOf)
  await mkdir(FOLDER, { recursive: true })
  onTestFinished(() => rm(FOLDER, { recursive: true, force: true }))
  for (const [i, block] of blocks.entries()) {
    await writeFile(join(FOLDER, `block-${i}.ts`), programOf(block))
  }
  // Clients to move away from, which have no types.
  const untyped = "declare module 'memcached'\ndeclare module 'memjs'\n"
  await writeFile(join(FOLDER, 'untyped.d.ts'), untyped)
  await writeFile(
    join(FOLDER, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      include: ['*.ts'],
      compilerOptions: { noUnusedLocals: false },
    }),
  )
  const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
  const args = [tsc, '-p', FOLDER, '--noEmit']
  const { stdout } = await promisify(execFile)(process.execPath, args).catch(
    (error: { stdout: string }) => error,
  )
  const told = stdout.replace(
    /block-(\d+)\.ts/g,
    (_, i) => `${blocks[i]?.file}:${blocks[i]?.line} block-${i}`,
  )
  expect(told).toBe('')
})
