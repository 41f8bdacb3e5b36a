// Runs the contracts over clients that break them by chance, and prints what was left unhandled.
import type { MemcacheClient, ServerCommands } from '@mc/protocol'
import { turns } from '../../../../test-support/event-loop.ts'
import {
  clientContract,
  MockMemcacheClient,
  seededRandom,
  serverCommandsContract,
} from '../../src/index.ts'

type Call = (...args: unknown[]) => unknown

/** Like a real one, it does not answer in the turn of the call. */
const works = async (call: () => unknown): Promise<unknown> => {
  try {
    return await call()
  } finally {
    await turns(1)
  }
}
/** What becomes of a call, in place of what the client would have done or after it. */
const OUTCOMES: readonly ((call: () => unknown) => unknown)[] = [
  works,
  () => Promise.reject(new Error('rejects')),
  () => {
    throw new Error('throws')
  },
  () => new Promise(() => undefined),
  () => Promise.resolve('something else'),
  async (call) => {
    await works(call)
    throw new Error('rejects late')
  },
]
/** Turns of the event loop after which a rule counts as hanging. */
const PATIENCE = 60
const [, , runs = '1'] = process.argv

const unhandled = new Set<string>()
let current = ''
process.on('unhandledRejection', () => void unhandled.add(current))

const counts = { kept: 0, broken: 0, hung: 0 }
for (let seed = 0; seed < Number(runs); seed++) {
  const random = seededRandom(seed)
  const chance = random()
  for (const [rule, check] of rulesFor(() => brokenClient(random, chance))) {
    current = `${rule} (seed ${seed})`
    counts[await outcomeOf(check)]++
    // Node reports a rejection when its turn is over.
    await turns(3)
  }
}
process.stdout.write(JSON.stringify({ unhandled: [...unhandled], ...counts }))

function brokenClient(random: () => number, chance: number): MemcacheClient & ServerCommands {
  return new Proxy(new MockMemcacheClient(), {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const index = random() < chance ? Math.floor(random() * OUTCOMES.length) : 0
        return (OUTCOMES[index] ?? works)(() => (value as Call).apply(target, args))
      }
    },
  })
}

function rulesFor(create: () => MemcacheClient & ServerCommands): Map<string, () => Promise<void>> {
  const rules = new Map<string, () => Promise<void>>()
  const runner = {
    describe: (_name: string, body: () => void) => body(),
    test: (name: string, body: () => Promise<void>) => void rules.set(name, body),
  }
  clientContract({ name: 'broken', create }, runner)
  serverCommandsContract({ name: 'broken', create }, runner)
  // It takes seconds, and has one call at a time.
  if (!rules.delete('2,500 keys in one call')) throw new Error('the rule has another name')
  return rules
}

async function outcomeOf(check: () => Promise<void>): Promise<'kept' | 'broken' | 'hung'> {
  const checked = check().then(
    () => 'kept' as const,
    () => 'broken' as const,
  )
  return Promise.race([checked, turns(PATIENCE).then(() => 'hung' as const)])
}
