import { format } from 'node:util'
import { expect, onTestFinished, test, vi } from 'vitest'

test('rate-limited-api answers all that its limits allow while one of three servers stops', async () => {
  vi.stubEnv('PORT', '')
  const printed: string[] = []
  vi.spyOn(console, 'log').mockImplementation((...args) => void printed.push(format(...args)))
  onTestFinished(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })
  await import('../rate-limited-api/rate-limited-api.ts')
  const output = printed.join('\n')
  expect(output).toMatch(
    /two rounds .*\n {2}visits: 1 1 1 1 1 1\n {2}quotes: 36 with 200; 6 loaded so far\n {2}visits: 2 2 2 2 2 2\n/,
  )
  expect(output).toMatch(/ is stopped: .*\n {2}visits:(?: [13]){6}\n {2}quotes: 36 with 200; /)
  expect(output).toContain('a newcomer asks 23 times at once: 22 are answered')
})
