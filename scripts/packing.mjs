// What the checks of installing and releasing share: running programs, packing, looking into what was packed.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** The folders of all packages that are published. */
export const packages = readdirSync(join(root, 'packages'))

/** What a program prints; an error with all that it said if it fails, or takes more than three minutes. */
export function run(cwd, command, ...args) {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe', timeout: 180_000 })
  } catch (error) {
    const said = [error.message, error.stdout, error.stderr].filter(Boolean).join('\n')
    throw new Error(`${command} ${args.join(' ')} failed in ${cwd}:\n${said}`)
  }
}

/** What registries show of a package beside its README. */
const SHOWN = ['description', 'keywords', 'homepage', 'bugs', 'repository', 'license']

/** Packs the package of a folder and answers the tarball. An error if its manifest lacks what registries show. */
export function pack(folder, destination) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  for (const field of SHOWN) {
    if (!manifest[field]?.length && !manifest[field]?.url) {
      throw new Error(`the manifest of ${manifest.name} has no ${field}`)
    }
  }
  const output = run(folder, 'pnpm', 'pack', '--pack-destination', destination)
  return output.trim().split('\n').at(-1)
}

/** What users import from a package, and its types: the files that its manifest names. */
export function entriesOf(tarball) {
  const manifest = JSON.parse(run(root, 'tar', '-xOzf', tarball, 'package/package.json'))
  return Object.values(manifest.exports)
    .flatMap((entry) => (typeof entry === 'string' ? entry : Object.values(entry)))
    .map((path) => path.replace(/^\.\//, ''))
}

/** Bytes by path of what a tarball holds. An error if it lacks a file, or has one whose source is gone. */
export function contentsOf(
  tarball,
  required = ['LICENSE', 'NOTICE', 'README.md', ...entriesOf(tarball)],
) {
  const lines = run(root, 'tar', '-tvzf', tarball).trim().split('\n')
  const contents = new Map(
    lines.map((line) => {
      const [, , bytes, , , ...path] = line.split(/\s+/)
      return [path.join(' ').replace(/^package\//, ''), Number(bytes)]
    }),
  )
  for (const path of required) {
    if (!contents.has(path)) throw new Error(`${tarball} has no ${path}`)
  }
  for (const path of contents.keys()) {
    const source = path.replace(/^dist\/(.+)\.js$/, 'src/$1.ts')
    // Of all sources.
    if (path.startsWith('dist/bundled/')) continue
    if (!contents.has(source)) {
      throw new Error(`${path} of ${tarball} has no source any more: delete dist and build again`)
    }
  }
  return contents
}
