// What a release of the last commit would do, in a copy: versions and changelogs by changesets, then each package as it
// would be published.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contentsOf, entriesOf, pack, packages, root, run } from './packing.mjs'

const scratch = mkdtempSync(join(tmpdir(), 'mc-release-'))
const copy = join(scratch, 'mc')

try {
  checkWorkflow()
  run(scratch, 'git', 'clone', '--quiet', root, copy)
  run(copy, 'pnpm', 'install', '--frozen-lockfile', '--prefer-offline', '--ignore-scripts')
  const pending = readdirSync(join(copy, '.changeset')).some((name) => name.endsWith('.md'))
  if (pending) {
    run(copy, 'pnpm', 'changeset', 'version')
    checkChangedFiles()
  } else console.log('no changeset is pending: versions stay')
  for (const name of packages) checkPackage(name, pending)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** Provenance comes from the identity of the workflow that publishes. */
function checkWorkflow() {
  const workflow = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8')
  for (const part of ['id-token: write', 'pnpm changeset publish']) {
    if (!workflow.includes(part)) throw new Error(`the release workflow lacks "${part}"`)
  }
}

/** Versions and changelogs of what is published, and nothing else, may have changed. */
function checkChangedFiles() {
  const expected = /^(\.changeset\/[^/]+\.md|packages\/[^/]+\/(package\.json|CHANGELOG\.md))$/
  const changed = run(copy, 'git', 'status', '--porcelain', '--untracked-files=all').trimEnd()
  const strange = changed.split('\n').filter((line) => !expected.test(line.slice(3)))
  if (strange.length > 0) throw new Error(`changeset version changed:\n${strange.join('\n')}`)
}

function checkPackage(name, pending) {
  const folder = join(copy, 'packages', name)
  cpSync(join(root, 'packages', name, 'dist'), join(folder, 'dist'), { recursive: true })
  const before = manifestOf(root, name).version
  const { version, publishConfig } = manifestOf(copy, name)
  if (pending && version === before) throw new Error(`@mc/${name} stays at version ${version}`)
  if (!readFileSync(join(folder, 'CHANGELOG.md'), 'utf8').includes(`\n## ${version}\n`)) {
    throw new Error(`the changelog of @mc/${name} has nothing about ${version}`)
  }
  if (publishConfig?.access !== 'public' || publishConfig.provenance !== true) {
    throw new Error(`@mc/${name} must be published with public access and provenance`)
  }
  const tarball = pack(folder, scratch)
  const texts = ['LICENSE', 'NOTICE', 'README.md', 'CHANGELOG.md']
  contentsOf(tarball, [...texts, ...entriesOf(tarball)])
  const { dependencies = {} } = JSON.parse(
    run(scratch, 'tar', '-xzOf', tarball, 'package/package.json'),
  )
  for (const [dependency, range] of Object.entries(dependencies)) {
    if (dependency.startsWith('@mc/') && range !== `^${version}`) {
      throw new Error(`@mc/${name} would depend on ${dependency} ${range}`)
    }
  }
  run(folder, 'pnpm', 'publish', '--dry-run', '--no-git-checks')
  console.log(`@mc/${name} ${before} -> ${version}`)
}

function manifestOf(where, name) {
  return JSON.parse(readFileSync(join(where, 'packages', name, 'package.json'), 'utf8'))
}
