// The heap after a million mixed operations against the heap after ten thousand, and what 100,000 calls
// with timeouts of their own leave behind. Usage: pnpm --filter @mc/bench memory
import { createHook } from 'node:async_hooks'
import { Client } from '@mc/client'
import { memcached } from '@mc/testing'

const IN_FLIGHT = 64
const collect = globalThis.gc
if (collect === undefined) throw new Error('run with --expose-gc')

const server = await memcached.start({ args: ['-t', '1', '-m', '64'] })
let client = new Client(server.name)
const failed = new Client('127.0.0.1:1')
try {
  // What the compiler keeps is not the client's, so the code is hot before a fresh client is measured.
  await operate(300_000)
  await client.close()
  client = new Client(server.name)
  await operate(10_000)
  const early = heap()
  await operate(1_000_000)
  const late = heap()
  console.log(`heap after 10,000 operations: ${(early / 1e6).toFixed(2)} MB`)
  console.log(`heap after 1,010,000 operations: ${(late / 1e6).toFixed(2)} MB`)
  console.log(`ratio: ${(late / early).toFixed(3)}`)

  const timers = countTimers()
  for (let batch = 0; batch < 2; batch++) {
    const timeouts = Array.from({ length: 50_000 }, (_, i) => 1_000 + batch * 5_000 + i / 10)
    await Promise.all(timeouts.map((timeout) => client.get('key:1', { timeout })))
  }
  console.log(`timers made for 100,000 calls with timeouts of their own: ${timers()}`)
} finally {
  await Promise.all([client.close(), failed.close()])
  await server.stop()
}

/** Gets, sets, counters, many-key reads, misses, deletes, writes with noreply, aborts and failures. */
async function operate(count: number): Promise<void> {
  await client.set('counter', 0)
  let turn = 0
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (turn < count) await operation(turn++)
    }),
  )
}

async function operation(turn: number): Promise<unknown> {
  const key = `key:${turn % 500}`
  switch (turn % 20) {
    case 0:
      return client.set(key, 'v'.repeat(turn % 3000))
    case 1:
      return client.set(key, { turn }, { expire: 60 })
    case 2:
      return client.getMany([key, 'nothing', 'key:7'])
    case 3:
      return client.incr('counter')
    case 4:
      return client.delete(key)
    case 5:
      return client.set(key, turn, { noreply: true })
    case 6:
      return client.get(key, { signal: AbortSignal.abort() }).catch(() => undefined)
    case 7:
      return client.get(key, { signal: new AbortController().signal })
    case 8:
      return turn % 2000 === 8 ? failed.get(key).catch(() => undefined) : client.gets(key)
    case 9:
      return client.get(' illegal').catch(() => undefined)
    default:
      return client.get(key)
  }
}

/** Counts timers from now on. */
function countTimers(): () => number {
  let count = 0
  const init = (_: number, type: string): void => {
    if (type === 'Timeout') count++
  }
  createHook({ init }).enable()
  return () => count
}

function heap(): number {
  for (let i = 0; i < 4; i++) collect?.()
  return process.memoryUsage().heapUsed
}
