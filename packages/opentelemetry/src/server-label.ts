import { isIP } from 'node:net'

const DEFAULT_PORT = 11211

/** A server's name as the database conventions have it: its port only where that is not memcached's own. */
export function serverAttributes(server: string | undefined): Record<string, string | number> {
  if (server === undefined) return {}
  const { host, port } = partsOf(server)
  return port === undefined || port === DEFAULT_PORT
    ? { 'server.address': host }
    : { 'server.address': host, 'server.port': port }
}

/** Where the connections of a server go, which may be another address than its name. Nothing for a host that is looked up. */
export function peerAttributes(address: string): Record<string, string | number> {
  const { host, port } = partsOf(address)
  if (port === undefined) return { 'network.peer.address': host }
  return isIP(host) === 0 ? {} : { 'network.peer.address': host, 'network.peer.port': port }
}

/** Without a port for the path of a socket, or a name that has none. */
function partsOf(server: string): { readonly host: string; readonly port?: number } {
  const colon = server.lastIndexOf(':')
  const port = Number(server.slice(colon + 1))
  if (server.startsWith('/') || colon < 0 || !Number.isInteger(port)) return { host: server }
  return { host: server.slice(0, colon), port }
}
