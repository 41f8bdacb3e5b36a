import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClientOptions } from '@mc/client'
import { MemcachedServer, memcached, testCertificate } from '@mc/testing'

/** A running server, embedded or real. */
export interface RunningServer {
  readonly name: string
  stop(): Promise<void>
}

/** How a server is started, and what a client must be told to reach it. */
export interface Transport {
  readonly name: string
  readonly startEmbedded: () => Promise<RunningServer>
  readonly startReal: () => Promise<RunningServer>
  readonly clientOptions: ClientOptions
}

const { key, cert } = testCertificate()
const tls = { key, cert }
const auth = { alice: 'correct-horse', bob: 'battery:staple' }
const credentials = { username: 'bob', password: 'battery:staple' }

/** Every way to a server: each start option set with the client options that go with it. */
export const TRANSPORTS: readonly Transport[] = [
  transport('TCP', () => ({}), {}),
  transport('Unix socket', () => ({ path: socketPath() }), {}),
  transport('TLS', () => ({ tls }), { tls: { ca: cert, servername: 'localhost' } }),
  transport('authentication', () => ({ auth }), credentials),
  transport('TLS with authentication', () => ({ tls, auth }), {
    ...credentials,
    tls: { ca: cert, servername: 'localhost' },
  }),
]

/** The kinds of server to test on. */
export const KINDS = ['embedded', 'real'] as const
export type Kind = (typeof KINDS)[number]

/** What tests on a kind of server need, as options of theirs. */
export function needsOf(kind: Kind): { readonly tags: string[] } {
  return { tags: kind === 'real' ? ['memcached'] : [] }
}

/** The kinds of server that this machine has. */
export function installedKinds(): readonly Kind[] {
  return memcached.find() === undefined ? ['embedded'] : KINDS
}

export function startServer(kind: Kind, way: Transport): Promise<RunningServer> {
  return kind === 'real' ? way.startReal() : way.startEmbedded()
}

/** A server on a Unix socket of a given path, so that it can come back where it was. */
export function startServerAt(kind: Kind, path: string): Promise<RunningServer> {
  return kind === 'real' ? memcached.start({ path }) : MemcachedServer.start({ path })
}

function transport(
  name: string,
  serverOptions: () => { path?: string; tls?: typeof tls; auth?: typeof auth },
  clientOptions: ClientOptions,
): Transport {
  return {
    name,
    startEmbedded: () => MemcachedServer.start(serverOptions()),
    startReal: () => memcached.start(serverOptions()),
    clientOptions,
  }
}

function socketPath(): string {
  return join(mkdtempSync(join(tmpdir(), 'mc-')), 'memcached.sock')
}
