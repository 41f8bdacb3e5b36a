import type { AccessOptions } from '@mc/client'

/** Variables of an environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * What `new HashClient(...)` takes, from the variables that hosting platforms set: `MEMCACHIER_SERVERS`,
 * `MEMCACHIER_USERNAME` and `MEMCACHIER_PASSWORD`, with MemCachier's login; without the first of these `MEMCACHED_SERVERS`, and
 * `MEMCACHED_USERNAME` with `MEMCACHED_PASSWORD` if they are set. Servers are as in `parseAddress`, with commas or blanks between.
 *
 * ```ts
 * const [servers, login] = fromEnvironment()
 * const cache = new HashClient(servers, { ...login, timeout: 500 })
 * ```
 *
 * @throws TypeError that names the variable that is missing
 */
export function fromEnvironment(
  env: Environment = process.env,
): [servers: string[], login: Pick<AccessOptions, 'username' | 'password' | 'auth'>] {
  const memcachier = listOf(env.MEMCACHIER_SERVERS)
  if (memcachier.length > 0) {
    const username = required(env, 'MEMCACHIER_USERNAME')
    const password = required(env, 'MEMCACHIER_PASSWORD')
    return [memcachier, { username, password, auth: 'memcachier' }]
  }
  const servers = listOf(env.MEMCACHED_SERVERS)
  if (servers.length === 0) {
    throw new TypeError('MEMCACHIER_SERVERS or MEMCACHED_SERVERS must be set to a list of servers')
  }
  if (!env.MEMCACHED_USERNAME && !env.MEMCACHED_PASSWORD) return [servers, {}]
  const username = required(env, 'MEMCACHED_USERNAME')
  return [servers, { username, password: required(env, 'MEMCACHED_PASSWORD') }]
}

function listOf(text = ''): string[] {
  return text.split(/[\s,]+/).filter((server) => server !== '')
}

function required(env: Environment, name: string): string {
  const value = env[name]
  if (!value) throw new TypeError(`${name} must be set: a login is a user with a password`)
  return value
}
