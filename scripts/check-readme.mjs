// Runs the README's first two commands as a new user does: in a clean clone, with an empty home. Then the tests
// that can need a program, where that program is missing.
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environmentWithout } from './hidden-programs.mjs'
import { root } from './packing.mjs'

const scratch = mkdtempSync(join(tmpdir(), 'mc-readme-'))
const clone = join(scratch, 'clone')
const home = join(scratch, 'home')
mkdirSync(home)
execFileSync('git', ['clone', '--quiet', root, clone], { stdio: 'inherit' })

const readme = readFileSync(join(clone, 'README.md'), 'utf8')
const [example, test] = [...readme.matchAll(/^```sh\n(.*?)\n```$/gms)].map(([, command]) => command)
if (!/^npx .* example$/.test(example) || !/^npx .* test$/.test(test)) {
  throw new Error(`README.md begins with other commands: ${example}; ${test}`)
}

const textOf = (file) => readFileSync(join(clone, file), 'utf8')
/** Test files that can need a program: those between systems, and those that start programs. */
const files = execFileSync('git', ['ls-files', '*.test.ts'], { cwd: clone, encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((file) => {
    if (file.endsWith('.long.test.ts')) return false
    return (
      !file.startsWith('packages/') || /child_process|\bmemcached\.|\btags\b/.test(textOf(file))
    )
  })

const programs = JSON.parse(textOf('test-support/programs.json'))
/** Those that a test needs and a package brings. */
const needed = Object.keys(programs).filter((name) => {
  const { machine } = programs[name]
  return machine === undefined && files.some((file) => textOf(file).includes(`'${name}'`))
})
const problems = []

const shown = run(example)
console.log(shown)
if (/ignored build scripts/i.test(shown)) problems.push(`${example} ignored build scripts`)
console.log(run(test))
for (const missing of [needed, ['memcached'], ['pymemcache']]) {
  const hidden = missing.flatMap((name) => programs[name].executables)
  const env = environmentWithout(hidden, join(scratch, missing.join('-')))
  // With CI set what is missing is a failure, and what is counted here was counted above.
  const counts = join(scratch, `${missing.join('-')}.counts`)
  const output = run(`${test} ${files.join(' ')}`, { ...env, CI: '', MC_COUNTS: counts })
  const failed = existsSync(counts) ? readFileSync(counts, 'utf8').match(/(?<=^failed: ).*$/gm) : []
  problems.push(...(failed ?? []).map((test) => `without ${missing.join(', ')}: ${test}`))
  const [notRun = ''] = /^Not run: .*\n\d+ passed.*$/m.exec(output) ?? []
  console.log(notRun)
  const mentioned = Array.from(notRun.matchAll(/([\w-]+) \(\d+\)/g), ([, name]) => name)
  const named = needed.filter((name) => mentioned.includes(name))
  // Several need the same executable: without pymemcache, which is a package of python3, there is no python3 either.
  const gone = needed.filter((name) =>
    programs[name].executables.some((executable) => hidden.includes(executable)),
  )
  if (named.join() !== gone.join()) {
    problems.push(`without ${missing.join(', ')}: ${notRun || 'all ran'}`)
  }
}

rmSync(scratch, { recursive: true, force: true })
for (const problem of problems) console.error(problem)
if (problems.length > 0) {
  const { MC_COUNTS } = process.env
  const lines = problems.map((problem) => `failed: ${problem.split('\n', 1)[0]}\n`)
  if (MC_COUNTS) appendFileSync(MC_COUNTS, `0 ${problems.length} 0\n${lines.join('')}`)
  process.exitCode = 1
}

/** Runs a command in the clone; answers what it prints. */
function run(command, env = process.env) {
  const options = { cwd: clone, env: { ...env, HOME: home }, encoding: 'utf8', maxBuffer: 1e9 }
  const { status, stdout } = spawnSync('/bin/sh', ['-c', `${command} 2>&1`], options)
  if (status !== 0) {
    console.log(stdout)
    problems.push(`${command.slice(0, 80)} failed`)
  }
  return stdout
}
