import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipOtherVersion } from '../../../test-support/model-version.ts'
import { MemcachedServer, memcached, type TestServer } from '../src/index.ts'
import { CasNumbers, type LeaseParagraph, type LeaseStep, readLeases } from './support/leases.ts'
import { RawConnection } from './support/raw-connection.ts'
import { WITHOUT_BACKGROUND } from './support/server-pair.ts'

const PARAGRAPHS = readLeases()
/** Times that a paragraph is begun again because the clock moved while it was read. */
const ATTEMPTS = 10
const POLL_MILLISECONDS = 10

describe.each([
  ['1.6.18', 'answer'],
  ['1.6.45', 'newAnswer'],
] as const)('MemcachedServer of version %s', (version, answer) => {
  test.each(PARAGRAPHS)('%s', async (_title, steps) => {
    let seconds = 1_700_000_000
    await using server = await MemcachedServer.start({ version, now: () => seconds * 1000 })
    await using connection = await RawConnection.open(server.name)
    const numbers = new CasNumbers()
    for (const step of steps) {
      seconds += step.pause
      const answered = await connection.ask(numbers.fill(step.request))
      expect({ ...step, answered: numbers.show(answered) }).toEqual({
        ...step,
        answered: step[answer],
      })
    }
  })
})

describe('memcached', { tags: ['memcached'], ...skipOtherVersion }, () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startMemcached()
  })
  afterAll(() => server.stop())

  test.each(PARAGRAPHS.filter((paragraph) => !hasPause(paragraph)))('%s', async (_title, steps) => {
    await expectAnswers(server, steps)
  })

  // These wait, each before a server of its own so that they can wait at the same time.
  test.concurrent.each(PARAGRAPHS.filter(hasPause))('%s', async (_title, steps) => {
    await using own = await startMemcached()
    await expectAnswers(own, steps)
  })
})

function startMemcached(): Promise<TestServer> {
  return memcached.start({ args: WITHOUT_BACKGROUND })
}

function hasPause([, steps]: LeaseParagraph): boolean {
  return steps.some(({ pause }) => pause > 0)
}

async function expectAnswers(server: TestServer, steps: readonly LeaseStep[]): Promise<void> {
  await using connection = await RawConnection.open(server.name)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await isWithinSeconds(connection, steps)) return
  }
  throw new Error(`no ${ATTEMPTS} attempts in which memcached's clock stood still`)
}

/** False if the clock of memcached moved between two steps that have no pause, so that nothing is known. */
async function isWithinSeconds(
  connection: RawConnection,
  steps: readonly LeaseStep[],
): Promise<boolean> {
  await connection.ask('flush_all\r\n')
  const numbers = new CasNumbers()
  const exchanges: (LeaseStep & { answered: string })[] = []
  let seconds = await secondsOf(connection)
  for (const step of steps) {
    if (step.pause > 0) {
      const until = seconds + step.pause
      while (seconds < until) {
        await wait(POLL_MILLISECONDS)
        seconds = await secondsOf(connection)
      }
    }
    const answered = numbers.show(await connection.ask(numbers.fill(step.request)))
    if ((await secondsOf(connection)) !== seconds) return false
    exchanges.push({ ...step, answered })
  }
  for (const exchange of exchanges) {
    expect(exchange).toEqual({ ...exchange, answered: exchange.answer })
  }
  return true
}

async function secondsOf(connection: RawConnection): Promise<number> {
  const stats = await connection.ask('stats\r\n')
  return Number(/^STAT time (\d+)\r$/m.exec(stats)?.[1])
}
