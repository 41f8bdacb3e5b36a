// Makes few files of each package, in dist/bundled: Node loads them in two thirds of the time that its
// many modules take. Bundlers are given the modules, as they leave out what a program does not use.
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { build } from 'esbuild'

const OUT = 'dist/bundled'
const TOOLKIT = './src/toolkit.ts'

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

/** What the family takes of @mc/protocol comes from one file, as each more has to be found and read. Not the vocabulary, which it exports whole. */
const oneProtocol = {
  name: 'one-protocol',
  setup({ onResolve }) {
    onResolve({ filter: /^@mc\/protocol$/ }, () => ({
      path: '@mc/protocol/toolkit',
      external: true,
    }))
  },
}

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const entryPoints = Object.values(exports).flatMap((entry) => entry['@mc/source'] ?? [])
if (entryPoints.includes(TOOLKIT)) await bundleIntoToolkit()
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
