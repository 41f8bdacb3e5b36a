import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as awsEc from '@mc/aws-ec'
import * as client from '@mc/client'
import * as fallback from '@mc/fallback'
import * as fetch from '@mc/fetch'
import * as hash from '@mc/hash'
import * as pool from '@mc/pool'
import * as protocol from '@mc/protocol'
import * as serde from '@mc/serde'
import * as testing from '@mc/testing'

const ROOT: string = fileURLToPath(new URL('../../../', import.meta.url))
const PACKAGES = [
  'protocol',
  'client',
  'hash',
  'pool',
  'serde',
  'fallback',
  'fetch',
  'adapters',
  'opentelemetry',
  'aws-ec',
  'testing',
  'cli',
]

/** Where names come from that a fragment uses without importing them. */
const EXPORTS: Readonly<Record<string, object>> = {
  '@mc/protocol': protocol,
  '@mc/client': client,
  '@mc/hash': hash,
  '@mc/pool': pool,
  '@mc/serde': serde,
  '@mc/fallback': fallback,
  '@mc/fetch': fetch,
  // Their names are imported where they are used.
  '@mc/adapters': {},
  '@mc/opentelemetry': {},
  '@mc/aws-ec': awsEc,
  '@mc/testing': testing,
}

/** What fragments may take as given, beside what they import. */
const GIVEN: Readonly<Record<string, string>> = {
  log: 'const log = { info() {}, warn() {} } as Record<"info" | "warn", (text: string) => void>',
  servers: "const servers = ['10.9.0.1:11211', '10.9.0.2:11211', '10.9.0.3:11211']",
  client: "const client = new Client('10.9.0.1:11211')",
  cache: "const cache = new Client('10.9.0.1:11211')",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
  loadUser: 'const loadUser = async (id: number) => ({ id, name: `user ${id}` })',
  server: 'const server = await MemcachedServer.start()',
}

/** The same where a document means another kind of client. */
const GIVEN_IN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'packages/hash/README.md': {
    client: "const client = new HashClient(['10.0.0.1:11211', '10.0.0.2:11211'])",
  },
  'packages/aws-ec/README.md': {
    cache: "const cache = new ElastiCacheHashClient(configurationEndpoint('a.cfg.test:11211'))",
  },
  'docs/failover.md': {
    client: "const client = new HashClient(['10.0.0.1:11211', '10.0.0.2:11211'])",
  },
  'docs/test-tools.md': {
    cache: 'const cache = new Client(server.name)',
  },
}

/** The page whose programs need servers that an old client has filled: moving.test.ts runs them. */
export const MOVING = 'docs/moving.md'

/** A block of code in a document. */
export interface DocBlock {
  readonly file: string
  readonly line: number
  readonly code: string
}

/** The documents whose code is checked. */
export function documents(): string[] {
  const readmes = PACKAGES.map((name) => `packages/${name}/README.md`)
  return ['README.md', ...readmes, ...pagesIn('docs'), ...pagesIn('docs/recipes')]
}

function pagesIn(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.md'))
  return names.map((name) => `${folder}/${name}`)
}

export function textOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

/** Every block of TypeScript or JavaScript. Other languages are not run. */
export function blocksOf(file: string): DocBlock[] {
  const blocks: DocBlock[] = []
  const text = textOf(file)
  for (const { 1: code = '', index } of text.matchAll(
    /^```(?:ts|js|typescript|javascript)\n(.*?)^```$/gms,
  )) {
    blocks.push({ file, line: text.slice(0, index).split('\n').length, code })
  }
  return blocks
}

/** A program of the block: what it takes as given comes first. */
export function programOf({ file, code }: DocBlock): string {
  const given = { ...GIVEN, ...GIVEN_IN[file] }
  let program = code
  // Twice, as what is given may need something given.
  for (let round = 0; round < 2; round++) {
    for (const [name, declaration] of Object.entries(given)) {
      if (uses(program, name) && !declares(program, name)) program = `${declaration}\n${program}`
    }
  }
  // A name that several packages export comes from the one that the page says to install.
  const installed = installedBy(file)
  for (const [from, names] of Object.entries(EXPORTS)) {
    if (!installed.includes(from)) continue
    const missing = Object.keys(names).filter(
      (name) => uses(program, name) && !declares(program, name),
    )
    if (missing.length > 0) program = `import { ${missing.join(', ')} } from '${from}'\n${program}`
  }
  return `${program}\nexport {}\n`
}

/** The packages of the family that a document says to install. */
export function installedBy(file: string): string[] {
  const lines = textOf(file).matchAll(/\bnpm install ([^`\n]*)/g)
  return Array.from(lines, ([, names = '']) => names.split(' '))
    .flat()
    .filter((name) => name in EXPORTS)
}

/** The packages of the family that a block imports. */
export function importedBy({ code }: DocBlock): string[] {
  const imports = code.matchAll(/\bfrom '(@mc\/[a-z-]+)[^']*'/g)
  return Array.from(imports, ([, name = '']) => name)
}

/** What the comments behind `console.log` say that it prints, in order. */
export function expectedOutput({ code }: DocBlock): string[] {
  return [...code.matchAll(/^.*console\.log\(.*\) \/\/ (.*)$/gm)].map(([, text = '']) => text)
}

/** Whether the comment tells the printed text; behind a colon it may say why. */
export function tells(comment: string, printed: string): boolean {
  const [told, seen] = [comment, printed].map(normalized) as [string, string]
  return told === seen || told.startsWith(`${seen}: `) || told.startsWith(`${seen}, `)
}

function normalized(text: string): string {
  return text
    .replace(/(Map|Set)\(\d+\)/g, '$1')
    .replace(/['"`]/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}

function uses(program: string, name: string): boolean {
  return new RegExp(`(?<![.\\w'"/])${name}\\b(?!['":])`).test(program.replace(/\/\/.*$/gm, ''))
}

function declares(program: string, name: string): boolean {
  const declared = new RegExp(`\\b(?:const|let|class|function|type|interface)\\s+${name}\\b`)
  const imported = new RegExp(`^import [^;]*?\\b${name}\\b[^;]*?from`, 'm')
  const listed = new RegExp(`\\b(?:const|let) [[{][^=]*\\b${name}\\b[^=]*=`)
  const parameter = new RegExp(`\\(\\(?[^()]*\\b${name}\\b[^()]*\\)? =>`)
  return [declared, imported, listed, parameter].some((pattern) => pattern.test(program))
}
