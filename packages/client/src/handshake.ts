import { type Command, MemcacheConnectError, type MemcacheError, RawCommand } from '@mc/protocol'
import { clock, MetaNoopCommand, Peer, StoreCommand, VersionCommand } from '@mc/protocol/toolkit'
import type { Credentials } from './access.ts'
import type { Connection } from './connection.ts'
import type { ConnectionSettings } from './options.ts'
import { Step } from './peer.ts'

/** A key that no application uses, for questions whose answer does not matter. */
const NO_KEY = 'mc-handshake'

/**
 * Makes an open connection ready for commands: authentication first and alone, since replies to what
 * is sent along with it get lost, then the question what the server speaks.
 *
 * @param asks - false when the server has closed a connection over the question
 * @throws MemcacheError
 */
export async function shakeHands(
  connection: Connection,
  settings: ConnectionSettings,
  asks: boolean,
): Promise<void> {
  if (settings.credentials !== undefined) await authenticate(connection, settings.credentials)
  connection.step = Step.question
  connection.out.dialect = settings.dialect === 'meta' ? 'meta' : 'text'
  let version = UNKNOWN_VERSION
  if (settings.dialect === 'auto') {
    if (asks) version = await askForDialect(connection)
    else await askForSign(connection)
  } else if (settings.tls !== undefined) {
    version = await askForVersion(connection)
  }
  connection.out.stallsOverTls &&= !isSince(version, PIPELINES_OVER_TLS_SINCE)
  connection.out.peer = new Peer(isSince(version, TAKES_CAS_SINCE))
}

/** The meta commands took their lasting form in 1.6.10. */
const META_SINCE = 1_006_010
const TAKES_CAS_SINCE = 1_006_027
const PIPELINES_OVER_TLS_SINCE = 1_006_039
/** Of a server that does not tell: as new as can be. */
const UNKNOWN_VERSION = Number.MAX_SAFE_INTEGER

/** Any answer but a request to log in means a server: one that does not know a question is asked in text. */
async function askForDialect(connection: Connection): Promise<number> {
  const version = askForVersion(connection)
  const answer = ask(connection, new MetaNoopCommand())
  // Nobody awaits it where the version is not to be had.
  answer.catch(() => {})
  const number = await version
  const knowsMeta = await answer.catch(unlessLogin)
  if (knowsMeta === true && number >= META_SINCE) connection.out.dialect = 'meta'
  // Some close the connection behind their refusal.
  else await askForSign(connection)
  return number
}

/** Asks what every server and proxy can answer. Any answer is a sign of life. */
async function askForSign(connection: Connection): Promise<void> {
  await ask(connection, new RawCommand(`get ${NO_KEY}`, 'END\r\n')).catch(unlessLogin)
}

async function askForVersion(connection: Connection): Promise<number> {
  return versionNumber(await ask(connection, new VersionCommand()).catch(unlessLogin))
}

function isSince(version: number, since: number): boolean {
  return version >= since && version < UNKNOWN_VERSION
}

async function authenticate(
  connection: Connection,
  { username, password, auth }: Credentials,
): Promise<void> {
  connection.step = Step.login
  const login =
    auth === 'memcachier'
      ? new StoreCommand('set', username, password, 0, 0)
      : // Expired at once: a server that wants no login takes this for an item, which others could read.
        new StoreCommand('set', NO_KEY, `${username} ${password}`, 0, -1)
  try {
    await ask(connection, login)
  } catch (error) {
    const cause = error as MemcacheError
    const { server, reason } = cause
    const message = reason.startsWith('authentication fail')
      ? reason
      : `authentication failed: ${reason}`
    throw new MemcacheConnectError(message, { server, cause, written: false })
  }
}

function ask<T>(connection: Connection, command: Command<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    command.awaitedBy(resolve, reject)
    connection.append(command, clock())
    connection.flush()
  })
}

/** Nothing, for a refusal that leaves the connection in use. @throws the error otherwise */
function unlessLogin(error: MemcacheError): undefined {
  // Before a login the reply to what is sent behind this may be lost, and would be waited for in vain.
  const { reason, server } = error
  if (reason === 'unauthenticated') {
    const message = `${reason}: set the options username and password`
    throw new MemcacheConnectError(message, { server, cause: error, written: false })
  }
  if (!isRefusal(error)) throw error
}

/** The server answered; it did not close, and the answer was one of memcached's. */
function isRefusal(error: MemcacheError): boolean {
  return ['MEMCACHE_CLIENT_ERROR', 'MEMCACHE_SERVER_ERROR', 'MEMCACHE_UNKNOWN_COMMAND'].includes(
    error.code,
  )
}

function versionNumber(version: string | undefined): number {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version ?? '') ?? []
  if (patch === undefined) return UNKNOWN_VERSION
  return Number(major) * 1_000_000 + Number(minor) * 1000 + Number(patch)
}
