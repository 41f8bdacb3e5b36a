// Installs the packed packages in empty folders, as their users will, and uses them there.
// Usage: node scripts/check-install.mjs [--write] [--runtimes]
//   --write puts the sizes into README.md, --runtimes tries other runtimes as well (about 200 MB to download)
import { execFileSync, spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'mc-install-'))
const tsc = join(root, 'node_modules/typescript/bin/tsc')
const TYPES = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8').match(
  /types\/node": (\S+)/,
)[1]

/** How far a size may be from the one in the README before that is out of date. */
const TOLERANCE = 0.1

const USE = `
const server = await MemcachedServer.start()
const one = new Client(server.name)
const many = new HashClient([server.name])
const pool = new PooledClient(server.name, { maxPoolSize: 2 })
await one.set('key', { from: 'one' }, { expire: 60 })
for (const client of [one, many, pool]) {
  const value = await client.get('key')
  if (JSON.stringify(value) !== '{"from":"one"}') throw new Error('wrong: ' + JSON.stringify(value))
  await client.close()
}
await server.stop()
`
const NAMES = {
  client: 'Client',
  hash: 'HashClient',
  pool: 'PooledClient',
  testing: 'MemcachedServer',
}
const parts = Object.entries(NAMES)
const imports = parts.map(([from, name]) => `import { ${name} } from '@mc/${from}'`).join('\n')
const requires = parts
  .map(([from, name]) => `const { ${name} } = require('@mc/${from}')`)
  .join('\n')

const INSTALLERS = {
  npm: ['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error'],
  pnpm: ['pnpm', 'install', '--ignore-workspace', '--no-frozen-lockfile', '--silent'],
  yarn: ['npx', '--yes', 'yarn@1.22.22', 'install', '--silent', '--no-lockfile'],
}

/** The oldest Node that is supported, the newest that there was, and two that are not Node. */
const RUNTIMES = {
  'node@20.19.0': ['node'],
  'node@26.10.0': ['node'],
  'bun@1.4.5': ['bun'],
  'deno@2.9.6': ['deno', 'run', '--allow-all'],
}

try {
  const tarballs = pack()
  for (const [name, command] of Object.entries(INSTALLERS)) {
    const folder = createProject(name, tarballs, ['client', 'hash', 'pool', 'testing'])
    run(folder, ...command)
    useIn(folder)
    console.log(`${name}: installed and used by ESM, CommonJS and TypeScript`)
  }
  checkThirdParties(tarballs)
  checkSizes(tarballs)
  if (process.argv.includes('--runtimes')) await checkRuntimes(join(scratch, 'npm'))
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

function pack() {
  const tarballs = {}
  for (const name of readdirSync(join(root, 'packages'))) {
    const output = run(join(root, 'packages', name), 'pnpm', 'pack', '--pack-destination', scratch)
    tarballs[name] = output.trim().split('\n').at(-1)
  }
  return tarballs
}

/** A project whose packages of the family all come from the tarballs. */
function createProject(name, tarballs, wanted) {
  const folder = join(scratch, name)
  mkdirSync(folder)
  const from = (names) =>
    Object.fromEntries(names.map((one) => [`@mc/${one}`, `file:${tarballs[one]}`]))
  const all = from(Object.keys(tarballs))
  const manifest = {
    name: 'app',
    version: '1.0.0',
    private: true,
    dependencies: from(wanted),
    devDependencies: { '@types/node': TYPES },
    overrides: all,
    resolutions: all,
    pnpm: { overrides: all },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
  return folder
}

function useIn(folder) {
  writeFileSync(join(folder, 'esm.mjs'), `${imports}\n${USE}`)
  writeFileSync(join(folder, 'common.cjs'), `${requires}\nvoid (async () => {${USE}})()\n`)
  writeFileSync(join(folder, 'typed.mts'), `${imports}\n${USE}`)
  run(folder, process.execPath, 'esm.mjs')
  run(folder, process.execPath, 'common.cjs')
  for (const [resolution, module] of [
    ['bundler', 'esnext'],
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
  ]) {
    const settings = ['--strict', '--target', 'es2023', '--types', 'node', '--module', module]
    run(folder, process.execPath, tsc, 'typed.mts', '--moduleResolution', resolution, ...settings)
    run(folder, process.execPath, 'typed.mjs')
  }
}

/** A client alone brings nothing but the family. */
function checkThirdParties(tarballs) {
  const folder = createProject('alone', tarballs, ['client'])
  run(folder, ...INSTALLERS.npm, '--omit=dev')
  const installed = readdirSync(join(folder, 'node_modules')).filter(
    (name) => !name.startsWith('.'),
  )
  const family = readdirSync(join(folder, 'node_modules', '@mc')).sort()
  if (installed.join() !== '@mc' || family.join() !== 'client,protocol,serde') {
    throw new Error(`@mc/client brings ${installed.join(', ')}: ${family.join(', ')}`)
  }
  console.log('@mc/client brings @mc/protocol and @mc/serde, and no third party')
}

function checkSizes(tarballs) {
  const sizes = Object.entries(tarballs).map(([name, file]) => {
    const lines = run(scratch, 'tar', '-tvzf', file).trim().split('\n')
    if (!lines.some((line) => line.endsWith('package/LICENSE')))
      throw new Error(`${file} has no LICENSE`)
    const bytes = lines.reduce((sum, line) => sum + Number(line.split(/\s+/)[2]), 0)
    return { name: `@mc/${name}`, kilobytes: Math.round(bytes / 1000) }
  })
  const file = join(root, 'README.md')
  const text = readFileSync(file, 'utf8')
  const [before, rest = ''] = text.split('<!-- sizes -->')
  const [table, after = ''] = rest.split('<!-- /sizes -->')
  if (process.argv.includes('--write')) {
    const cells = sizes.map(({ name, kilobytes }) => `\`${name}\` ${kilobytes}`)
    const line = `Unpacked, with sources and type declarations, in KB: ${cells.join(', ')}.`
    writeFileSync(file, `${before}<!-- sizes -->\n${line}\n<!-- /sizes -->${after}`)
    return
  }
  for (const { name, kilobytes } of sizes) {
    const told = Number(new RegExp(`\`${name}\` (\\d+)`).exec(table)?.[1])
    if (!(Math.abs(kilobytes - told) <= told * TOLERANCE)) {
      throw new Error(`${name} has ${kilobytes} KB, README.md says ${told}: run this with --write`)
    }
  }
  console.log(sizes.map(({ name, kilobytes }) => `${name} ${kilobytes} KB`).join(', '))
}

/** Runs a smoke test on each runtime, in a folder where the packages are installed. */
async function checkRuntimes(folder) {
  copyFileSync(join(root, 'scripts/runtime-smoke.mjs'), join(folder, 'smoke.mjs'))
  const told = join(folder, 'servers.json')
  const socket = join(folder, 'memcached.sock')
  writeFileSync(
    join(folder, 'servers.mjs'),
    `import { renameSync, writeFileSync } from 'node:fs'
import { MemcachedServer, testCertificate } from '@mc/testing'
const tls = testCertificate()
const servers = [{}, { path: ${JSON.stringify(socket)} }, { tls }].map((options) => MemcachedServer.start(options))
const [tcp, unix, secure] = (await Promise.all(servers)).map(({ name }) => name)
writeFileSync('${told}.part', JSON.stringify({ tcp, unix, tls: secure, ca: tls.cert }))
renameSync('${told}.part', '${told}')
`,
  )
  const servers = spawn(process.execPath, ['servers.mjs'], { cwd: folder, stdio: 'inherit' })
  try {
    while (!existsSync(told)) await wait(50)
    for (const [name, [program, ...args]] of Object.entries(RUNTIMES)) {
      const home = join(scratch, name)
      mkdirSync(home)
      writeFileSync(join(home, 'package.json'), '{ "name": "runtime", "private": true }')
      run(home, ...INSTALLERS.npm, name)
      const binary = join(home, 'node_modules/.bin', program)
      const output = run(folder, binary, ...args, 'smoke.mjs', readFileSync(told, 'utf8'))
      console.log(`${name}\n${output.trim().replace(/^/gm, '  ')}`)
    }
  } finally {
    servers.kill('SIGKILL')
  }
}

function run(cwd, command, ...args) {
  try {
    const options = { cwd, encoding: 'utf8', stdio: 'pipe', timeout: 180_000 }
    return execFileSync(command, args, options)
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')} failed:\n${error.stdout}\n${error.stderr}`)
  }
}
