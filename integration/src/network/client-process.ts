// The process in the clients' namespace: runs experiments by messages from `ClientProcess`, until that is gone.
import type { Call, Outcome } from './client-host.ts'
import { experiments } from './experiments.ts'

process.on('message', async ({ name, args }: Call) => {
  const experiment = experiments[name] as (...given: unknown[]) => Promise<unknown>
  const outcome = await experiment(...args).then(
    (value): Outcome => ({ value }),
    (error: Error): Outcome => ({ error: error.stack ?? error.message }),
  )
  process.send?.(outcome)
})
process.on('disconnect', () => process.exit())
