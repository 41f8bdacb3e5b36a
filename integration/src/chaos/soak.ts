import { setTimeout as wait } from 'node:timers/promises'
import { FaultProxy, seededRandom } from '@mc/testing'
import { Load } from './load.ts'
import { type ChaosServers, createClient } from './run.ts'
import { CLIENT_NAMES, randomFault } from './schedule.ts'

/** What came of it. */
export interface SoakReport {
  readonly violations: readonly string[]
  readonly faults: number
  readonly answered: number
  readonly failed: number
}

const LANES = 8
/** How long a fault may last before all is well again, in milliseconds. */
const FAULT_TIME = 400

/** All kinds of clients under a mixed load for so long, with a fault each second on every connection. */
export async function soak(
  servers: ChaosServers,
  seconds: number,
  seed: number,
): Promise<SoakReport> {
  const random = seededRandom(seed)
  const rigs = await Promise.all(
    CLIENT_NAMES.flatMap((client) =>
      (['auto', 'text'] as const).map(async (dialect, i) => {
        const proxies = await Promise.all(
          servers.names.map((name) => FaultProxy.start(name, { seed })),
        )
        const names = proxies.map(({ name }) => name)
        const settings = { client, dialect, tls: false, failover: 'none' } as const
        const wrapped = createClient(settings, names, {})
        return {
          proxies,
          client: wrapped,
          load: new Load(wrapped, { ...settings, seed: seed + i, gets: 0.3 }),
        }
      }),
    ),
  )
  const proxies = rigs.flatMap((rig) => rig.proxies)
  const end = performance.now() + seconds * 1000
  await Promise.all(rigs.map(({ load }) => load.fill()))
  let isOver = false
  const loads = rigs.map(({ load }) => load.run(LANES, () => isOver))
  let faults = 0
  // A busy machine may take longer to meet any.
  while (performance.now() < end || faults === 0) {
    const injected = proxies.map((proxy) => proxy.inject(randomFault(false, random)))
    await wait(FAULT_TIME)
    for (const proxy of proxies) proxy.clear()
    faults += injected.reduce((sum, { count }) => sum + count, 0)
    await wait(1000 - FAULT_TIME)
  }
  isOver = true
  await Promise.all(loads)
  for (const { load, client } of rigs) {
    await load.expectRecovery()
    await client.close()
  }
  await Promise.all(proxies.map((proxy) => proxy.stop()))
  const sum = (of: (load: Load) => number): number =>
    rigs.reduce((all, { load }) => all + of(load), 0)
  return {
    violations: rigs.flatMap(({ load }) => load.history.violations),
    faults,
    answered: sum(({ answered }) => answered),
    failed: sum(({ failed }) => failed),
  }
}
