import type { ClusterNode, NodeList } from '@mc/hash'

/**
 * Reads the payload of `config get cluster`: a line with the version, and a line with the nodes as
 * `host|ip|port`, in which the IP may be empty or IPv6.
 *
 * @throws Error that says what is wrong
 */
export function parseNodeList(payload: Buffer): NodeList {
  const [version = '', nodes = '', ...rest] = payload.toString('utf8').split(/\r?\n/)
  if (!/^\d{1,15}$/.test(version)) {
    throw new Error(`the version of the node list is not a number: ${shown(version)}`)
  }
  if (rest.some((line) => line !== '')) throw new Error('the node list has more than two lines')
  const items = nodes.split(' ').filter((item) => item !== '')
  return { version: Number(version), nodes: items.map(parseNode) }
}

function parseNode(text: string): ClusterNode {
  const first = text.indexOf('|')
  const last = text.lastIndexOf('|')
  const port = text.slice(last + 1)
  if (first === last || !/^\d{1,5}$/.test(port)) {
    throw new Error(`a node is not host|ip|port: ${shown(text)}`)
  }
  const ip = text.slice(first + 1, last)
  return { host: text.slice(0, first), ip: ip === '' ? undefined : ip, port: Number(port) }
}

/** What a reply holds may be anything: short and printable. */
function shown(text: string): string {
  const printable = text.slice(0, 80).replace(/[^\x20-\x7e]/g, '?')
  return `"${printable}${text.length > 80 ? '…' : ''}"`
}
