/** A word for an error, of which there are few: its `code`, such as `MEMCACHE_TIMEOUT`, or its name. */
export function errorType(error: unknown): string | undefined {
  if (error === undefined) return undefined
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  if (typeof code === 'string') return code
  return typeof name === 'string' ? name : 'Error'
}
