import { appendFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'
import { isLong } from './amounts.ts'
import { PROGRAMS } from './programs.ts'

/** Ends a run with what did not run and why, and with one line that counts tests over all packages. */
export default class SummaryReporter implements Reporter {
  #vitest!: Vitest

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    /** How many tests did not run, by the program that is missing. */
    const missing = new Map<string, number>()
    const { programs } = this.#vitest.getRootProject().getProvidedContext()
    for (const test of modules.flatMap((module) => [...module.children.allTests()])) {
      const { state } = test.result()
      if (state === 'skipped' && !this.#isWanted(test)) continue
      counts[state === 'pending' ? 'failed' : state]++
      if (state !== 'skipped') continue
      for (const tag of test.tags) {
        if (tag in PROGRAMS && !(tag in programs)) missing.set(tag, (missing.get(tag) ?? 0) + 1)
      }
    }

    console.log()
    if (missing.size > 0) console.log(notRun(missing))
    const required = [...missing.keys()].filter((name) => PROGRAMS[name]?.machine === undefined)
    if (process.env.CI && required.length > 0) {
      console.log(`Failed: with CI set nothing may be missing, but ${required.join(', ')} is`)
      counts.failed += required.length
      process.exitCode = 1
    }
    const broken = modules.filter((module) => module.errors().length > 0)
    const { MC_COUNTS } = process.env
    if (MC_COUNTS !== undefined) {
      const failed = counts.failed + broken.length
      appendFileSync(MC_COUNTS, `${counts.passed} ${failed} ${counts.skipped}\n`)
    }
    console.log(
      `${counts.passed} passed, ${counts.failed} failed` +
        (counts.skipped > 0 ? `, ${counts.skipped} skipped` : '') +
        (broken.length > 0
          ? `, ${broken.length} ${broken.length === 1 ? 'file' : 'files'} not loaded`
          : ''),
    )
  }

  /** Whether a skipped test was to run, by the filters of this run. */
  #isWanted(test: TestCase): boolean {
    const { testNamePattern } = this.#vitest.config
    if (isLong && !test.tags.includes('long')) return false
    return testNamePattern?.test(test.fullName.replaceAll(' > ', ' ')) ?? true
  }
}

function notRun(missing: ReadonlyMap<string, number>): string {
  const needs = [...missing].map(([name, count]) => `${name} (${count})`)
  const packages = [...missing.keys()].flatMap((name) => PROGRAMS[name]?.debian ?? [])
  const machines = [...missing.keys()].flatMap((name) => PROGRAMS[name]?.machine ?? [])
  const ways = [
    ...(packages.length > 0 ? [`on Debian: apt-get install ${packages.join(' ')}`] : []),
    ...machines.map((machine) => `it takes ${machine}`),
  ]
  return `Not run: tests that need ${needs.join(', ')}. To run them, ${ways.join('; ')}`
}
