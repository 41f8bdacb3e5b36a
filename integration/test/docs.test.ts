import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, promisify } from 'node:util'
import { ConfigurationEndpointServer, MemcachedServer } from '@mc/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { blocksOf, documents, expectedOutput, programOf, tells } from '../src/docs/blocks.ts'

const FOLDER = fileURLToPath(new URL('../.docs/', import.meta.url))
const ADDRESS = /(['"`])((?:[a-z0-9][a-z0-9.-]*|\[::1\]):\d{4,5})\1/g

const blocks = documents().flatMap(blocksOf)
const nameOf = (index: number): string => join(FOLDER, `block-${index}.ts`)

beforeAll(async () => {
  await rm(FOLDER, { recursive: true, force: true })
  await mkdir(FOLDER, { recursive: true })
})
afterAll(() => rm(FOLDER, { recursive: true, force: true }))

test('the code in the documents has no type errors', async () => {
  for (const [i, block] of blocks.entries()) await writeFile(nameOf(i), programOf(block))
  await writeFile(
    join(FOLDER, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      include: ['*.ts'],
      compilerOptions: { noUnusedLocals: false },
    }),
  )
  const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [
    tsc,
    '-p',
    FOLDER,
    '--noEmit',
  ]).catch((error: { stdout: string }) => error)
  const told = stdout.replace(
    /block-(\d+)\.ts/g,
    (_, i) => `${blocks[i]?.file}:${blocks[i]?.line} block-${i}`,
  )
  expect(told).toBe('')
}, 120_000)

describe('the code in the documents does what they say', () => {
  const stops: (() => Promise<void>)[] = []
  afterEach(async () => {
    vi.restoreAllMocks()
    for (const stop of stops.splice(0)) await stop()
  })

  for (const [i, block] of blocks.entries()) {
    const tags = block.code.includes('memcached.start(') ? ['memcached'] : []
    test(`${block.file}, line ${block.line}`, { tags, timeout: 20_000 }, async () => {
      const printed: string[] = []
      for (const quiet of ['info', 'warn'] as const) vi.spyOn(console, quiet).mockReturnValue()
      vi.spyOn(console, 'log').mockImplementation((...args) => printed.push(format(...args)))
      // A name of its own, so that nothing has been loaded under it.
      const file = nameOf(i).replace('.ts', '-run.ts')
      await writeFile(file, await onEmbeddedServers(programOf(block)))
      await import(file)
      for (const comment of expectedOutput(block)) {
        const at = printed.findIndex((line) => tells(comment, line))
        expect({ comment, printed: at < 0 ? printed : comment }).toEqual({
          comment,
          printed: comment,
        })
        printed.splice(0, at + 1)
      }
    })
  }

  /** Puts a server of the test in the place of each address. */
  async function onEmbeddedServers(program: string): Promise<string> {
    const names = new Map<string, string>()
    for (const [, , address = ''] of program.matchAll(ADDRESS)) {
      if (!names.has(address)) names.set(address, await standIn(address))
    }
    return program.replace(ADDRESS, (_, quote, address) => `${quote}${names.get(address)}${quote}`)
  }

  async function standIn(address: string): Promise<string> {
    const server = await MemcachedServer.start()
    stops.push(() => server.stop())
    if (!address.includes('.cfg.')) return server.name
    const node = { host: 'node.test', ip: '127.0.0.1', port: server.port }
    const endpoint = await ConfigurationEndpointServer.start({ nodes: [node] })
    stops.push(() => endpoint.stop())
    return endpoint.name
  }
})
