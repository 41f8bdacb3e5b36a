import { MemcacheIllegalInputError, parseAddress, type ServerSpec } from '@mc/protocol'
import { onAbort } from '@mc/protocol/toolkit'
import type { ClusterNode, DiscoverySource, NodeList } from './source.ts'

/** Servers at one time: as `HashClient` takes them, or as nodes with all that is known of them. */
export type ListedServers = NodeList | Iterable<ServerSpec>

/** Whether lists come from it one after another. */
export function isListSource<T>(
  source: T | AsyncIterable<ListedServers>,
): source is AsyncIterable<ListedServers> {
  const iterate = (source as Partial<AsyncIterable<ListedServers>> | undefined)?.[
    Symbol.asyncIterator
  ]
  return typeof iterate === 'function'
}

/** The lists that come from an iterable: the last one is in force. */
export class ListSource implements DiscoverySource {
  readonly name = 'list of servers'
  readonly #lists: AsyncIterable<ListedServers>
  #list: ListedServers | undefined
  readonly #first: Promise<void>
  #come: () => void = () => {}
  #fail: (error: unknown) => void = () => {}

  constructor(lists: AsyncIterable<ListedServers>) {
    this.#lists = lists
    this.#first = new Promise((resolve, reject) => {
      this.#come = resolve
      this.#fail = reject
    })
    this.#first.catch(() => {})
  }

  async discover(): Promise<NodeList> {
    await this.#first
    return nodeListOf(this.#list as ListedServers)
  }

  async *changes(signal: AbortSignal): AsyncIterable<void> {
    const lists = this.#lists[Symbol.asyncIterator]()
    onAbort(signal, () => void lists.return?.().catch(() => {}))
    try {
      for (;;) {
        const { done, value } = await lists.next()
        if (done === true || signal.aborted) break
        this.#list = value
        this.#come()
        yield
      }
      this.#fail(new Error('there was no list'))
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }
}

/** @throws MemcacheIllegalInputError for what is not a server */
export function nodeListOf(list: ListedServers): NodeList {
  if (typeof list === 'string') {
    throw new MemcacheIllegalInputError('a list must be an iterable of servers, not one server')
  }
  if ('nodes' in list) return list
  return { nodes: distinct(Array.from(list, nodeOf)) }
}

/** The nodes, each once. */
export function distinct(nodes: readonly ClusterNode[]): ClusterNode[] {
  return [...new Map(nodes.map((node) => [`${node.host} ${node.port}`, node])).values()]
}

function nodeOf(server: ServerSpec): ClusterNode {
  const address = parseAddress(server)
  if ('path' in address) throw new Error('a Unix socket cannot be in a list of servers')
  return { ...address, tls: address.access?.().tls }
}
