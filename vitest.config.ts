import { defineConfig, mergeConfig } from 'vitest/config'
import { shared } from './vitest.shared.ts'

export default mergeConfig(
  shared,
  defineConfig({
    test: {
      projects: ['packages/*', 'integration', 'examples'],
      reporters: ['default', './scripts/summary-reporter.ts'],
      // `pnpm coverage` fails below these, in percent.
      coverage: {
        include: ['packages/{protocol,client}/src/**'],
        reporter: ['text', 'html'],
        thresholds: {
          'packages/protocol/src/**': { lines: 95, branches: 95 },
          'packages/client/src/**': { lines: 95, branches: 95 },
        },
      },
    },
  }),
)
