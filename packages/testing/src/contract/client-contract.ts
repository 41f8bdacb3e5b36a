import type { MemcacheClient } from '@mc/protocol'
import { counterContract } from './counters.ts'
import { checkExceptions } from './exceptions.ts'
import { inputContract } from './input.ts'
import { leaseContract } from './leases.ts'
import { lifeContract } from './life.ts'
import { manyKeysContract } from './many-keys.ts'
import { metaContract } from './meta.ts'
import { retrievalContract } from './retrieval.ts'
import { type TestRunner, testRunner } from './runner.ts'
import { storageContract } from './storage.ts'
import { telemetryContract } from './telemetry.ts'
import { withClient } from './with-client.ts'

/** A client that the contract is to be tried on. */
export interface ContractSubject {
  /** Heads the tests. */
  readonly name: string
  /**
   * A new client with the default serde, ready for use, with no options that change its answers. Each
   * test closes its own.
   */
  readonly create: () => MemcacheClient | Promise<MemcacheClient>
  /** Rules that this kind of client does not follow, by the names of their tests, with the reason. */
  readonly exceptions?: Readonly<Record<string, string>>
}

/**
 * What every `MemcacheClient` must do, as tests: run it over your own client or wrapper.
 *
 * @param runner - `{ describe, test }` of your test runner @default the global ones
 */
export function clientContract(subject: ContractSubject, runner?: TestRunner): void {
  const { describe, test } = testRunner(runner)
  const rules = [
    ...retrievalContract,
    ...storageContract,
    ...counterContract,
    ...manyKeysContract,
    ...metaContract,
    ...leaseContract,
    ...inputContract,
    ...lifeContract,
    ...telemetryContract,
  ]
  const { exceptions = {} } = subject
  checkExceptions(
    exceptions,
    rules.map(({ name }) => name),
  )
  describe(subject.name, () => {
    for (const { name, check } of rules) {
      if (exceptions[name] !== undefined) continue
      test(name, () => {
        const unique = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`
        return withClient(
          () => subject.create(),
          (client) => check(client, (part = 'k') => `${unique}-${part}`),
        )
      })
    }
  })
}
