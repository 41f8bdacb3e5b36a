// Writes `from-disk.js` into the built site: what its pages need where they are opened as files.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { SITE } from './check/site.mjs'

const chunks = join(SITE, 'assets/chunks')
const chunk = readdirSync(chunks).find((name) => name.startsWith('@localSearchIndex'))
const { default: index } = await import(pathToFileURL(join(chunks, chunk)))

await build({
  entryPoints: [fileURLToPath(new URL('disk/page.js', import.meta.url))],
  outfile: join(SITE, 'from-disk.js'),
  bundle: true,
  minify: true,
  format: 'iife',
  logLevel: 'error',
  plugins: [
    {
      name: 'search-index',
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^virtual:/ }, ({ path }) => ({ path, namespace: 'index' }))
        onLoad({ filter: /.*/, namespace: 'index' }, () => ({ contents: index, loader: 'text' }))
      },
    },
  ],
})
