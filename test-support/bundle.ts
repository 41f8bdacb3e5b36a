import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, buildSync } from 'esbuild'

/** Packages that are no ESM call `require`. */
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)`

const bundles = new Map<string, string>()
let folder: string | undefined
let count = 0

/** One file with a program and all that it imports: it starts in a fraction of the time that its sources take. */
export function bundled(file: URL | string): string {
  const path = typeof file === 'string' ? file : fileURLToPath(file)
  let bundle = bundles.get(path)
  if (bundle === undefined) {
    bundle = build(basename(path), { entryPoints: [path] })
    bundles.set(path, bundle)
  }
  return bundle
}

/** As `bundled`, of a program that is text. It imports what a file in the folder may. */
export function bundledText(program: string, from: URL): string {
  return build('text', {
    stdin: { contents: program, resolveDir: fileURLToPath(from), loader: 'ts' },
  })
}

function build(name: string, input: BuildOptions): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'mc-bundles-'))
    process.once('exit', () => rmSync(made, { recursive: true }))
    folder = made
  }
  const outfile = join(folder, `${count++}-${name}.mjs`)
  buildSync({
    ...input,
    ...{ outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20' },
    conditions: ['@mc/source'],
    banner: { js: REQUIRE },
    logLevel: 'error',
  })
  return outfile
}
