// Installs the packed packages in empty folders, as their users will, and uses them there.
// Usage: node scripts/check-install.mjs [--write] [--runtimes]
//   --write puts the sizes into docs/runtimes.md, --runtimes tries other runtimes and Next as well (about 350 MB to download)
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
import { gzipSync } from 'node:zlib'
import { checkNext } from './check-next.mjs'
import { contentsOf, pack, packages, root, run } from './packing.mjs'

const scratch = mkdtempSync(join(tmpdir(), 'mc-install-'))
const tsc = join(root, 'node_modules/typescript/bin/tsc')
const TYPES = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8').match(
  /types\/node": (\S+)/,
)[1]

/** Most bytes of a bundle that has `Client` alone, minified. */
const MAX_BUNDLE = 116_000

/** How far a size may be from the documented one before that is out of date. */
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
  await checkBundles()
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
  checkCommand(tarballs)
  checkRecipes(tarballs)
  checkSizes(tarballs)
  if (process.argv.includes('--runtimes')) {
    checkRuntimes(join(scratch, 'npm'))
    await checkNext(createProject('next', tarballs, ['client']), INSTALLERS.npm)
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** Bundles export what the modules do; those that other bundles are built on may export more. */
async function checkBundles() {
  for (const name of packages) {
    const folder = join(root, 'packages', name)
    const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    for (const { module, default: bundle } of Object.values(exports)) {
      if (module === undefined || bundle === module) continue
      const [own, bundled] = await Promise.all(
        [module, bundle].map(async (path) => Object.keys(await import(join(folder, path)))),
      )
      const missing = own.filter((one) => !bundled.includes(one))
      const more = bundled.filter((one) => !own.includes(one))
      if (missing.length === 0 && (more.length === 0 || isBase(bundle))) continue
      throw new Error(`${name}: ${bundle} lacks [${missing}] and has [${more}] besides`)
    }
  }
  console.log('bundles: they export what the modules do')
}

function isBase(bundle) {
  return bundle.endsWith('/toolkit.js') || bundle.endsWith('/native-serde.js')
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
  checkBundle(folder)
}

/** What a bundler makes of `Client` alone, for functions that are loaded at each cold start. */
function checkBundle(folder) {
  writeFileSync(join(folder, 'alone.mjs'), "export { Client } from '@mc/client'\n")
  const settings = ['--bundle', '--minify', '--platform=node', '--format=esm', '--target=node20']
  const esbuild = join(root, 'node_modules/esbuild/bin/esbuild')
  run(folder, esbuild, 'alone.mjs', ...settings, '--log-level=error', '--outfile=bundle.mjs')
  const bytes = readFileSync(join(folder, 'bundle.mjs'))
  if (bytes.length > MAX_BUNDLE) {
    throw new Error(`Client alone has ${bytes.length} bytes minified, at most ${MAX_BUNDLE}`)
  }
  const zipped = gzipSync(bytes).length
  console.log(`Client alone: ${bytes.length} bytes minified, ${zipped} gzipped`)
}

/** The command runs where nothing but its tarballs is installed. */
function checkCommand(tarballs) {
  const folder = createProject('command', tarballs, ['cli'])
  run(folder, ...INSTALLERS.npm, '--omit=dev')
  const printed = run(folder, 'npx', '--no', 'mc', 'where', 'key', '-s', 'one:11211')
  if (printed !== 'key  server\nkey  one:11211\n') throw new Error(`mc where printed ${printed}`)
  console.log('@mc/cli: the command mc runs by npx')
}

/** The recipes for tests and for CommonJS work, file by file: node:test, Node, TypeScript that writes CommonJS, jest. */
function checkRecipes(tarballs) {
  const folder = createProject('commonjs', tarballs, ['client', 'hash', 'pool', 'testing'])
  const [page, testing] = ['commonjs', 'testing'].map((name) =>
    readFileSync(join(root, `docs/recipes/${name}.md`), 'utf8'),
  )
  const files = `${page}${testing}`.matchAll(/^```[cm]js\n\/\/ (\S+)\n(.*?)^```$/gms)
  for (const [, name, code] of files) {
    writeFileSync(join(folder, name), code)
  }
  const [, settings] = /^```json\n(.*?)^```$/ms.exec(page)
  writeFileSync(join(folder, 'tsconfig.json'), settings)
  writeFileSync(join(folder, 'app.ts'), `${imports}\nvoid (async () => {${USE}})()\n`)
  run(folder, ...INSTALLERS.npm, 'jest@30.5.2', '@babel/plugin-transform-modules-commonjs@7.29.14')
  run(folder, process.execPath, 'app.cjs')
  run(folder, process.execPath, tsc, '-p', '.', '--types', 'node')
  run(folder, process.execPath, 'app.js')
  run(folder, 'npx', '--no', 'jest')
  run(folder, process.execPath, '--test', 'cache.node-test.mjs')
  console.log('recipes: used by CommonJS, by the output of TypeScript, by jest and by node:test')
}

function checkSizes(tarballs) {
  const sizes = Object.entries(tarballs).map(([name, file]) => {
    const bytes = [...contentsOf(file).values()].reduce((sum, one) => sum + one, 0)
    return { name: `@mc/${name}`, kilobytes: Math.round(bytes / 1000) }
  })
  const file = join(root, 'docs/runtimes.md')
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
      throw new Error(
        `${name} has ${kilobytes} KB, docs/runtimes.md says ${told}: run this with --write`,
      )
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
