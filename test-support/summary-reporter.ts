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
    const failures = unhandledErrors.map((error) => `unhandled: ${firstLine(error)}`)
    for (const test of modules.flatMap((module) => [...module.children.allTests()])) {
      const { state, errors } = test.result()
      if (state === 'skipped' && !this.#isWanted(test)) continue
      counts[state === 'pending' ? 'failed' : state]++
      if (state === 'failed' || state === 'pending') {
        failures.push(
          `${test.module.relativeModuleId} > ${test.fullName}: ${firstLine(errors?.[0] ?? state)}`,
        )
      }
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
      failures.push(...required.map((name) => `${name} is missing`))
      process.exitCode = 1
    }
    // What a file throws while it is loaded, and what hooks throw, is no test's error.
    for (const suite of modules.flatMap((module) => [...module.children.allSuites()])) {
      const [error] = suite.errors()
      if (error === undefined) continue
      counts.failed++
      failures.push(`${suite.module.relativeModuleId} > ${suite.fullName}: ${firstLine(error)}`)
    }
    const broken = modules.filter((module) => module.errors().length > 0)
    failures.push(
      ...broken.map((module) => `${module.relativeModuleId}: ${firstLine(module.errors()[0])}`),
    )
    const { MC_COUNTS } = process.env
    if (MC_COUNTS !== undefined) {
      const failed = counts.failed + broken.length
      const lines = failures.map((failure) => `failed: ${failure}\n`)
      appendFileSync(MC_COUNTS, `${counts.passed} ${failed} ${counts.skipped}\n${lines.join('')}`)
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

function firstLine(error: unknown): string {
  const message = (error as { message?: unknown } | undefined)?.message ?? error
  return String(message).split('\n', 1)[0] as string
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
