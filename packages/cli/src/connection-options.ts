import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { configurationEndpoint } from '@mc/aws-ec'
import type { ClientOptions } from '@mc/client'
import { optionNames } from '@mc/protocol/toolkit'
import type { Command } from 'commander'
import { Option } from 'commander'
import { UsageError } from './exit.ts'
import { HASHERS, type HasherName } from './hashers.ts'
import type { Io } from './io.ts'
import { SERDES, type SerdeName } from './serdes.ts'
import { parseServers } from './servers.ts'

/** What a config file may hold, and what flags say; a flag comes before the file. */
export interface ConnectionFlags {
  readonly servers?: string | readonly string[]
  readonly dns?: string
  readonly elasticache?: string
  readonly hash?: HasherName
  readonly serde?: SerdeName
  readonly prefix?: string
  readonly user?: string
  readonly tls?: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly insecure?: boolean
  readonly dialect?: 'auto' | 'meta' | 'text'
  readonly timeout?: number
}

/** A fleet as the command line names it. */
export interface FleetOptions {
  readonly servers: readonly string[]
  readonly hash: HasherName
  readonly serde: SerdeName
  readonly client: ClientOptions<unknown>
}

const DEFAULT_SERVER = 'localhost:11211'
const CONFIG_NAMES = optionNames<ConnectionFlags>({
  servers: true,
  dns: true,
  elasticache: true,
  hash: true,
  serde: true,
  prefix: true,
  user: true,
  tls: true,
  ca: true,
  cert: true,
  key: true,
  insecure: true,
  dialect: true,
  timeout: true,
})

/** Adds the flags that every command has. */
export function addConnectionFlags(program: Command): void {
  program
    .option('-s, --servers <list>', 'servers, with commas between, or memcached:// URLs', collect)
    .option('--dns <name:port>', 'every address of a name is a server')
    .option('--elasticache <host:port>', 'the nodes that a configuration endpoint lists')
    .addOption(
      new Option('--hash <name>', 'how the application places keys (default rendezvous)').choices(
        Object.keys(HASHERS),
      ),
    )
    .addOption(
      new Option('--serde <name>', 'how the application stores values (default native)').choices(
        Object.keys(SERDES),
      ),
    )
    .option('--prefix <text>', 'in front of every key')
    .option('--user <name>', 'to log in as; the password is in MEMCACHED_PASSWORD')
    .option('--tls', 'speak TLS')
    .option(
      '--ca <file>',
      'certificate authority, as PEM; --cert and --key: the certificate of the client',
    )
    .option('--cert <file>')
    .option('--key <file>')
    .option('--insecure', 'accept any certificate')
    .addOption(new Option('--dialect <name>', 'of the protocol').choices(['auto', 'meta', 'text']))
    .option('--timeout <ms>', 'for each command (default 1000)', Number)
    .option(
      '--config <file>',
      'JSON with the long names of these flags (default mc.json, if it is there)',
    )
}

function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}

/**
 * The fleet that the flags, the config file and the environment name, in this order.
 *
 * @param servers - in place of all of these, without the prefix
 * @throws UsageError for what is invalid
 */
export async function fleetOptions(
  flags: ConnectionFlags & { readonly config?: string },
  { env }: Io,
  servers?: string,
): Promise<FleetOptions> {
  const config = await readConfig(flags.config)
  const all = { ...config, ...flags }
  const texts = servers ?? all.servers ?? env.MEMCACHED_SERVERS ?? []
  const list = parseServers(typeof texts === 'string' ? [texts] : texts)
  const username = all.user ?? list.username
  const password = list.password ?? env.MEMCACHED_PASSWORD
  if (username !== undefined && password === undefined) {
    throw new UsageError('a user needs a password: set MEMCACHED_PASSWORD')
  }
  const usesTls = all.tls || list.tls || all.ca !== undefined || all.insecure
  const client: ClientOptions<unknown> = {
    allowUnicodeKeys: true,
    ...(all.timeout !== undefined && { timeout: all.timeout, connectTimeout: all.timeout }),
    ...(all.prefix !== undefined && servers === undefined && { keyPrefix: all.prefix }),
    ...(all.dialect !== undefined && { dialect: all.dialect }),
    ...(username !== undefined && { username, password, auth: list.auth }),
    ...(usesTls && {
      tls: {
        ...(all.ca !== undefined && { ca: await readNamed(all.ca) }),
        ...(all.cert !== undefined && { cert: await readNamed(all.cert) }),
        ...(all.key !== undefined && { key: await readNamed(all.key) }),
        ...(all.insecure && { rejectUnauthorized: false }),
      },
    }),
  }
  const names = new Set(list.servers)
  if (servers === undefined) {
    for (const server of await discovered(all, client)) names.add(server)
  }
  if (names.size === 0) names.add(DEFAULT_SERVER)
  const { hash = 'rendezvous', serde = 'native' } = all
  return { servers: [...names], hash, serde, client }
}

async function discovered(
  { dns, elasticache }: ConnectionFlags,
  client: ClientOptions<unknown>,
): Promise<string[]> {
  if (elasticache !== undefined) {
    const { tls, username, password, auth } = client
    const { nodes } = await configurationEndpoint(elasticache).discover(
      { tls, username, password, auth },
      AbortSignal.timeout(10_000),
    )
    return nodes.map(({ host, port }) => parseServers([`${host}:${port}`]).servers[0] as string)
  }
  if (dns === undefined) return []
  const [, name = '', port = '11211'] = /^(.*?)(?::(\d+))?$/.exec(dns) ?? []
  // As the system resolves names, with its search domains: an operator types short ones, which dnsServers does not know.
  const addresses = await lookup(name, { all: true }).catch((error: Error) => {
    throw new UsageError(`no addresses of ${name}: ${error.message}`)
  })
  return addresses
    .map(({ address, family }) => (family === 6 ? `[${address}]:${port}` : `${address}:${port}`))
    .flatMap((address) => parseServers([address]).servers)
    .sort()
}

async function readConfig(file: string | undefined): Promise<ConnectionFlags> {
  let text: string
  try {
    text = await readFile(file ?? 'mc.json', 'utf8')
  } catch (error) {
    if (file === undefined) return {}
    throw new UsageError(`cannot read the config file: ${(error as Error).message}`)
  }
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch {
    throw new UsageError(`the config file ${file ?? 'mc.json'} is not JSON`)
  }
  if (typeof config !== 'object' || config === null) {
    throw new UsageError('the config file must hold an object')
  }
  const unknown = Object.keys(config).find((name) => !CONFIG_NAMES.has(name))
  if (unknown !== undefined) {
    throw new UsageError(
      `the config file has no ${unknown}; it may have ${[...CONFIG_NAMES].join(', ')}`,
    )
  }
  if ('hash' in config) checkChoice('hash', config.hash, HASHERS)
  if ('serde' in config) checkChoice('serde', config.serde, SERDES)
  return config
}

function checkChoice(name: string, given: unknown, choices: object): void {
  if (Object.hasOwn(choices, String(given))) return
  throw new UsageError(`${name} must be one of ${Object.keys(choices).join(', ')}, got ${given}`)
}

async function readNamed(file: string): Promise<Buffer> {
  return readFile(file).catch((error: Error) => {
    throw new UsageError(`cannot read ${file}: ${error.message}`)
  })
}
