const DEFAULT_PORT = 11211

/** A server's name as the database conventions have it: its port only where that is not memcached's own. */
export function serverAttributes(server: string | undefined): Record<string, string | number> {
  if (server === undefined) return {}
  const colon = server.lastIndexOf(':')
  const port = Number(server.slice(colon + 1))
  // The path of a socket, or a name without a port.
  if (server.startsWith('/') || colon < 0 || !Number.isInteger(port)) {
    return { 'server.address': server }
  }
  const address = { 'server.address': server.slice(0, colon) }
  return port === DEFAULT_PORT ? address : { ...address, 'server.port': port }
}
