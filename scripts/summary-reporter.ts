import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with what did not run, and with one line that counts tests over all packages. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0
    let failed = unhandledErrors.length
    let skipped = 0
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      for (const test of tests) {
        const { state } = test.result()
        if (state === 'passed') passed++
        else if (state === 'skipped') skipped++
        else failed++
      }
      if (tests.length === 0 || module.errors().length > 0) failed += 1
    }
    console.log()
    if (!hasMemcached()) {
      console.log(
        'Not run: the tests against a real memcached, which is not installed here. On Debian: apt-get install memcached',
      )
    }
    const notRun = skipped > 0 ? `, ${skipped} skipped` : ''
    console.log(`${passed} passed, ${failed} failed${notRun}`)
  }
}

function hasMemcached(): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.some((folder) => existsSync(join(folder, 'memcached')))
}
