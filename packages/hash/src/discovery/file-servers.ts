import { readFile, watch } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { mustBe } from '@mc/protocol/toolkit'
import { nodeListOf } from './list-source.ts'
import type { DiscoverySource, NodeList } from './source.ts'

/**
 * The servers that a file lists, and its changes: such as a mounted ConfigMap, or what Consul Template writes. One
 * server a line as in `parseAddress`, `#` begins a comment; or a JSON array of them. The folder is watched, so that a
 * file that is replaced is followed, and the file is read at each poll as well.
 *
 * A file that cannot be read, or lists no server, fails the poll: the client keeps the servers that it has.
 *
 * @throws TypeError unless the path is a string
 */
export function fileServers(path: string): DiscoverySource {
  if (typeof path !== 'string' || path === '') mustBe('path', 'the path of a file', path)
  return new FileSource(resolve(path))
}

class FileSource implements DiscoverySource {
  readonly name: string
  // It is on this machine: it may list what listens on loopback.
  readonly endpoint = { host: 'localhost', port: 0 }

  constructor(path: string) {
    this.name = path
  }

  async discover(_: unknown, signal: AbortSignal): Promise<NodeList> {
    return nodeListOf(serversIn(await readFile(this.name, { encoding: 'utf8', signal })))
  }

  changes(signal: AbortSignal): AsyncIterable<unknown> {
    return watch(dirname(this.name), { signal, persistent: false })
  }
}

function serversIn(text: string): string[] {
  // A line may begin with an IPv6 address in brackets, which is not JSON.
  if (/^\s*\[\s*["\]]/.test(text)) return parsedList(text)
  const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*/, '').trim())
  return lines.filter((line) => line !== '')
}

function parsedList(text: string): string[] {
  try {
    return JSON.parse(text) as string[]
  } catch {
    // The error shows a part of the text, which may hold passwords.
    throw new Error('the file begins like a JSON array and is none')
  }
}
