// Installs the packed packages in empty folders, as their users will, and uses them there.
// Usage: node scripts/check-install.mjs [--write] [--runtimes]
//   --write puts the sizes into README.md, --runtimes tries other runtimes as well (about 200 MB to download)
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contentsOf, pack, packages, root, run } from './packing.mjs'

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

// yarn takes a tarball of the same version for the same, and would install what another run has packed.
process.env.YARN_CACHE_FOLDER = join(scratch, 'yarn-cache')

try {
  const tarballs = Object.fromEntries(
    packages.map((name) => [name, pack(join(root, 'packages', name), scratch)]),
  )
  for (const [name, command] of Object.entries(INSTALLERS)) {
    const folder = createProject(name, tarballs, ['client', 'hash', 'pool', 'serde', 'testing'])
    run(folder, ...command)
    useIn(folder)
    console.log(`${name}: installed and used by ESM, CommonJS and TypeScript`)
  }
  checkThirdParties(tarballs)
  checkSizes(tarballs)
  if (process.argv.includes('--runtimes')) checkRuntimes(join(scratch, 'npm'))
} finally {
  rmSync(scratch, { recursive: true, force: true })
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
    const bytes = [...contentsOf(file).values()].reduce((sum, one) => sum + one, 0)
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
function checkRuntimes(folder) {
  copyFileSync(join(root, 'scripts/runtime-smoke.mjs'), join(folder, 'smoke.mjs'))
  for (const [name, [program, ...args]] of Object.entries(RUNTIMES)) {
    const home = join(scratch, name)
    mkdirSync(home)
    writeFileSync(join(home, 'package.json'), '{ "name": "runtime", "private": true }')
    run(home, ...INSTALLERS.npm, name)
    const output = run(folder, join(home, 'node_modules/.bin', program), ...args, 'smoke.mjs')
    console.log(`${name}\n${output.trim().replace(/^/gm, '  ')}`)
  }
}
