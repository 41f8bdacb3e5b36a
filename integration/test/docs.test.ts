import { Channel } from 'node:diagnostics_channel'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format } from 'node:util'
import { ConfigurationEndpointServer, MemcachedServer } from '@mc/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  blocksOf,
  documents,
  expectedOutput,
  MOVING,
  programOf,
  tells,
} from '../src/docs/blocks.ts'

const FOLDER = fileURLToPath(new URL('../.docs/', import.meta.url))
const ADDRESS = /(['"`])((?:[a-z0-9][a-z0-9.-]*|\[::1\]):\d{4,5})\1/g

const blocks = documents()
  .filter((file) => file !== MOVING)
  .flatMap(blocksOf)
const nameOf = (index: number): string => join(FOLDER, `block-${index}.ts`)

beforeAll(async () => {
  await rm(FOLDER, { recursive: true, force: true })
  await mkdir(FOLDER, { recursive: true })
})
afterAll(() => rm(FOLDER, { recursive: true, force: true }))

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
      const subscribe = vi.spyOn(Channel.prototype, 'subscribe')
      await import(file)
      // Other tests of this process are to see no subscriber.
      for (const [i, channel] of subscribe.mock.contexts.entries()) {
        ;(channel as Channel).unsubscribe(subscribe.mock.calls[i]?.[0] as never)
      }
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
