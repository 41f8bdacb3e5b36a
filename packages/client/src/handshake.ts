import {
  type Command,
  type Dialect,
  MemcacheConnectError,
  type MemcacheError,
  MemcacheUnknownError,
  MetaNoopCommand,
  StoreCommand,
  VersionCommand,
} from '@mc/protocol'
import type { Connection } from './connection.ts'
import type { ConnectionSettings } from './options.ts'

/**
 * Makes an open connection ready for commands: authentication first and alone, since replies to what
 * is sent along with it get lost, then the question what the server speaks.
 *
 * @param knownDialect - given when the server has closed a connection over the question
 * @throws MemcacheError
 */
export async function shakeHands(
  connection: Connection,
  settings: ConnectionSettings,
  knownDialect: Dialect | undefined,
): Promise<void> {
  if (settings.credentials !== undefined) await authenticate(connection, settings.credentials)
  const dialect = settings.dialect === 'auto' ? knownDialect : settings.dialect
  connection.dialect = dialect ?? 'text'
  if (dialect !== undefined && settings.tls === undefined) return

  const version = ask(connection, new VersionCommand())
  const knowsMeta = dialect === undefined ? ask(connection, new MetaNoopCommand()) : undefined
  // Nobody awaits it where the version decides.
  knowsMeta?.catch(() => {})
  const number = versionNumber(await version.catch(ignoreRefusal))
  if (knowsMeta !== undefined)
    connection.dialect = (await knowsMeta) && number >= META_SINCE ? 'meta' : 'text'
  connection.stallsOverTls &&= !(number >= PIPELINES_OVER_TLS_SINCE && number < UNKNOWN_VERSION)
}

/** The meta commands took their lasting form in 1.6.10. */
const META_SINCE = 1_006_010
const PIPELINES_OVER_TLS_SINCE = 1_006_039
/** Of a server that does not tell: as new as can be. */
const UNKNOWN_VERSION = Number.MAX_SAFE_INTEGER

async function authenticate(
  connection: Connection,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<void> {
  const login = new StoreCommand('set', 'auth', `${username} ${password}`, 0, 0)
  try {
    await ask(connection, login)
  } catch (error) {
    const cause = error as MemcacheError
    const { server } = cause
    // What a server says may repeat what it was told, and errors end up in logs.
    if (cause instanceof MemcacheUnknownError || cause.reason.includes(password)) {
      throw new MemcacheConnectError('authentication failed', { server })
    }
    throw new MemcacheConnectError(`authentication failed: ${cause.message}`, { server, cause })
  }
}

function ask<T>(connection: Connection, command: Command<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    command.resolve = resolve
    command.reject = reject
    connection.append(command, performance.now())
    connection.flush()
  })
}

/** A proxy may refuse to tell its version; that is no reason to give up. That a login is wanted is one. */
function ignoreRefusal(error: MemcacheError): undefined {
  // Before a login the reply to what is sent behind this may be lost, and would be waited for in vain.
  if (error.reason === 'unauthenticated') throw error
}

function versionNumber(version: string | undefined): number {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version ?? '') ?? []
  if (patch === undefined) return UNKNOWN_VERSION
  return Number(major) * 1_000_000 + Number(minor) * 1000 + Number(patch)
}
