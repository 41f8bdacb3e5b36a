// Fails when a package imports what its manifest does not list, an arrow of the design is broken, or a source file is too long.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'

/** What each package may import of the family; README.md shows the same picture. */
const ARROWS = {
  protocol: [],
  serde: ['protocol'],
  client: ['protocol', 'serde'],
  pool: ['protocol', 'client'],
  hash: ['protocol', 'client'],
  fallback: ['protocol'],
  fetch: ['protocol'],
  adapters: ['protocol'],
  opentelemetry: ['protocol'],
  'aws-ec': ['protocol', 'client', 'hash'],
  testing: ['protocol', 'serde'],
  cli: ['protocol', 'serde', 'client', 'hash', 'aws-ec'],
}
const MAY_TEST_WITH_TESTING = [
  'client',
  'pool',
  'hash',
  'fallback',
  'fetch',
  'adapters',
  'opentelemetry',
  'aws-ec',
  'cli',
]

/** Import and re-export statements, and dynamic imports. */
const IMPORT =
  /^\s*(?:import|export)\b[^'"]*?\bfrom\s*['"]([^'"]+)['"]|(?:^\s*import\s+|\bimport\(\s*)['"]([^'"]+)['"]/gm

/** A file that is longer is not held in the head. */
const MOST_LINES = 320

const problems = []

for (const [name, arrows] of Object.entries(ARROWS)) {
  const folder = join('packages', name)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const runtime = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  const listed = new Set([...runtime, ...Object.keys(manifest.devDependencies ?? {})])

  for (const file of filesBelow(join(folder, 'src'))) {
    const { length } = readFileSync(file, 'utf8').trimEnd().split('\n')
    if (length > MOST_LINES) problems.push(`${file}: ${length} lines, at most ${MOST_LINES}`)
  }
  for (const dependency of runtime) checkArrow(`${folder}/package.json`, name, arrows, dependency)
  if (listed.has('@mc/testing') && !MAY_TEST_WITH_TESTING.includes(name)) {
    problems.push(`${folder}/package.json: ${name} may not test with @mc/testing`)
  }
  for (const [file, imported] of importsBelow(join(folder, 'src'))) {
    checkArrow(file, name, arrows, imported)
    if (!runtime.includes(imported)) problems.push(`${file}: ${imported} is not in dependencies`)
  }
  for (const [file, imported] of importsBelow(join(folder, 'test'))) {
    if (imported !== manifest.name && !listed.has(imported)) {
      problems.push(`${file}: ${imported} is not in package.json`)
    }
  }
}

function checkArrow(where, name, arrows, imported) {
  const target = /^@mc\/(.+)$/.exec(imported)?.[1]
  if (target !== undefined && !arrows.includes(target)) {
    problems.push(`${where}: ${name} may not depend on ${target}`)
  }
}

/** Packages imported by the files of a folder, with the file. Node's own are left out. */
function* importsBelow(folder) {
  for (const file of filesBelow(folder)) {
    const source = readFileSync(file, 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
    for (const [, statement, bare] of source.matchAll(IMPORT)) {
      const specifier = statement ?? bare
      // In a program that a test writes, a name may be filled in.
      if (/^[.$]/.test(specifier) || isBuiltin(specifier)) continue
      yield [
        file,
        specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/'),
      ]
    }
  }
}

function* filesBelow(folder) {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry)
    if (statSync(path).isDirectory()) yield* filesBelow(path)
    else if (path.endsWith('.ts')) yield path
  }
}

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log(`arrows hold in ${Object.keys(ARROWS).length} packages`)
