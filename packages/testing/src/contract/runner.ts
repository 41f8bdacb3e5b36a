/** The two functions of a test runner that a contract needs; vitest, jest and node:test have them. */
export interface TestRunner {
  /** Groups tests. */
  describe(name: string, body: () => void): void
  /** Declares a test. */
  test(name: string, body: () => Promise<void>): void
}

/** The runner given, or the one whose functions are global. @throws TypeError when there is neither */
export function testRunner(given: TestRunner | undefined): TestRunner {
  if (given !== undefined) return given
  const { describe, test } = globalThis as unknown as Partial<TestRunner>
  if (describe === undefined || test === undefined) {
    throw new TypeError('pass { describe, test } of your test runner: they are not global here')
  }
  return { describe, test }
}
