// What a release would do, in a copy: versions and changelogs by changesets, then each package packed for publishing.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const copy = mkdtempSync(join(tmpdir(), 'mc-release-'))
const run = (cwd, command, ...args) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

try {
  run(copy, 'git', 'clone', '--quiet', root, copy)
  run(copy, 'pnpm', 'install', '--frozen-lockfile', '--prefer-offline', '--ignore-scripts')
  run(copy, 'pnpm', 'changeset', 'version')
  const before = manifestOf(root, 'client').version
  for (const name of readdirSync(join(copy, 'packages'))) {
    const folder = join(copy, 'packages', name)
    cpSync(join(root, 'packages', name, 'dist'), join(folder, 'dist'), { recursive: true })
    const { version, publishConfig } = manifestOf(copy, name)
    const changes = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8')
    if (version === before) throw new Error(`@mc/${name} keeps version ${version}`)
    if (!changes.includes(`## ${version}`))
      throw new Error(`@mc/${name} has no changes for ${version}`)
    if (publishConfig?.access !== 'public' || publishConfig.provenance !== true) {
      throw new Error(`@mc/${name} must be published with public access and provenance`)
    }
    run(folder, 'pnpm', 'publish', '--dry-run', '--no-git-checks')
    console.log(`@mc/${name} ${before} -> ${version}`)
  }
} catch (error) {
  console.error(error.stdout ?? '', error.stderr ?? '')
  throw error
} finally {
  rmSync(copy, { recursive: true, force: true })
}

function manifestOf(where, name) {
  return JSON.parse(readFileSync(join(where, 'packages', name, 'package.json'), 'utf8'))
}
