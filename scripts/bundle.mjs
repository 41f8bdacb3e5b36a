// Makes few files of each package, in dist/bundled: Node loads them in two thirds of the time that its
// many modules take. Bundlers are given the modules, as they leave out what a program does not use.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, relative, resolve } from 'node:path'
import { build } from 'esbuild'

const OUT = 'dist/bundled'
const TOOLKIT = './src/toolkit.ts'
const NATIVE = './src/native-serde.ts'

const common = {
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
}

/** What the family takes of @mc/protocol comes from one file, as each more has to be found and read. */
const oneProtocol = {
  name: 'one-protocol',
  setup({ onResolve, onLoad }) {
    const fromToolkit = { path: '@mc/protocol/toolkit', external: true }
    onResolve({ filter: /^@mc\/protocol$/ }, () => fromToolkit)
    onResolve({ filter: /^\.\/toolkit\.js$/, namespace: 'vocabulary' }, () => fromToolkit)
    onResolve({ filter: /^@mc\/protocol\/vocabulary$/ }, ({ path }) => ({
      path,
      namespace: 'vocabulary',
    }))
    onLoad({ filter: /./, namespace: 'vocabulary' }, ({ path }) => ({
      contents: readFileSync(createRequire(resolve('package.json')).resolve(path)),
    }))
  },
}

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const entryPoints = Object.values(exports).flatMap((entry) => entry['@mc/source'] ?? [])
if (entryPoints.includes(TOOLKIT)) await bundleIntoToolkit()
else if (entryPoints.includes(NATIVE)) await bundleAroundNative()
else {
  // What several entries share is there once.
  const options = { entryPoints, outdir: OUT, outbase: 'src', splitting: true }
  await build({ ...common, ...options, plugins: [oneProtocol] })
}

/** The toolkit has the whole package, and exports all of it; the other entries pass on what is theirs. */
async function bundleIntoToolkit() {
  const all = entryPoints.map((entry) => `export * from '${entry}'`).join('\n')
  const stdin = { contents: all, resolveDir: '.', sourcefile: 'all.ts', loader: 'ts' }
  await build({ ...common, stdin, outfile: `${OUT}/toolkit.js` })
  for (const entry of entryPoints.filter((it) => it !== TOOLKIT)) {
    const { metafile } = await build({
      ...{ ...common, sourcemap: false, entryPoints: [entry] },
      ...{ outdir: OUT, write: false, metafile: true },
    })
    const [output] = Object.values(metafile.outputs)
    const file = `${OUT}/${basename(entry, '.ts')}.js`
    writeFileSync(file, `export { ${output.exports.join(', ')} } from './toolkit.js'\n`)
  }
}

/** A client needs no other serde, so the file of that one has all that it needs, and the others take from it. */
async function bundleAroundNative() {
  const options = { ...common, outdir: OUT, plugins: [oneProtocol] }
  const { metafile } = await build({
    ...{ ...options, entryPoints: [NATIVE] },
    ...{ write: false, metafile: true },
  })
  const parts = Object.keys(metafile.inputs)
  const contents = parts.map((part) => `export * from './${part}'`).join('\n')
  const stdin = { contents, resolveDir: '.', sourcefile: 'native.ts', loader: 'ts' }
  const file = basename(NATIVE, '.ts')
  await build({ ...common, plugins: [oneProtocol], stdin, outfile: `${OUT}/${file}.js` })
  const fromNative = {
    name: 'from-native',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\// }, ({ path, resolveDir }) => {
        const part = relative('.', resolve(resolveDir, path))
        return parts.includes(part) ? { path: `./${file}.js`, external: true } : undefined
      })
    },
  }
  await build({
    ...{ ...options, plugins: [oneProtocol, fromNative] },
    entryPoints: entryPoints.filter((entry) => entry !== NATIVE),
  })
}
