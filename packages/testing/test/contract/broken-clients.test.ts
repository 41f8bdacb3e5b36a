import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { bundled } from '../../../../test-support/bundle.ts'
import {
  clientContract,
  MockMemcacheClient,
  serverCommandsContract,
  type TestRunner,
} from '../../src/index.ts'

const SCRIPT = new URL('broken-clients.ts', import.meta.url)

type Check = () => Promise<void>

/** The tests of a contract by their names. */
function testsOf(contract: (runner: TestRunner) => void): Map<string, Check> {
  const tests = new Map<string, Check>()
  contract({
    describe: (_, body) => body(),
    test: (name, body) => void tests.set(name, body),
  })
  return tests
}

describe('a contract that a client breaks', () => {
  test('leaves no rejection unhandled, however the calls end', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [bundled(SCRIPT), '4'])
    const { unhandled, kept, broken, hung } = JSON.parse(stdout)
    expect(unhandled).toEqual([])
    // Otherwise it has shown nothing.
    for (const count of [kept, broken, hung]) expect(count).toBeGreaterThan(10)
  })

  test.each([
    ['rejects', () => Promise.reject(new Error('not closed'))],
    ['hangs', () => new Promise<never>(() => undefined)],
    [
      'throws',
      () => {
        throw new Error('not closed')
      },
    ],
  ])('names the rule, even if close %s', async (_about, close) => {
    const client = Object.assign(new MockMemcacheClient(), {
      close,
      touch: async () => true,
    })
    const create = () => client
    const tests = testsOf((runner) => clientContract({ name: 'client', create }, runner))
    const check = tests.get('touch sets a new expiry of what is there')
    await expect(check?.()).rejects.toMatchObject({ actual: true, expected: false })
  })
})

describe('the contract for the commands of the server', () => {
  test('leaves out the rules that are excepted, and refuses exceptions of which there is no rule', () => {
    const rulesBut = (...names: string[]): string[] => {
      const exceptions = Object.fromEntries(names.map((name) => [name, 'not this server']))
      const create = () => new MockMemcacheClient()
      const subject = { name: 'client', create, exceptions }
      return [...testsOf((runner) => serverCommandsContract(subject, runner)).keys()]
    }
    const [first = '', ...others] = rulesBut()
    expect(rulesBut(first)).toEqual(others)
    expect(() => rulesBut('no such rule')).toThrow('the contract has no rule named "no such rule"')
  })

  const refuse = (code: string): Promise<void> => {
    const client = Object.assign(new MockMemcacheClient(), {
      shutdown: () => Promise.reject(Object.assign(new Error('refused'), { code })),
    })
    const create = () => client
    const tests = testsOf((runner) => serverCommandsContract({ name: 'client', create }, runner))
    const check = tests.get('shutdown is an error where the server does not allow it')
    return check?.() ?? Promise.reject(new Error('the rule has another name'))
  }

  test('takes a refused shutdown, whichever error line the server has for it', async () => {
    await refuse('MEMCACHE_UNKNOWN_COMMAND')
    await refuse('MEMCACHE_SERVER_ERROR')
    await expect(refuse('MEMCACHE_TIMEOUT')).rejects.toMatchObject({ code: 'ERR_ASSERTION' })
  })
})
