import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'
import { isLong } from './test-support/amounts.ts'
import { findPrograms, PROGRAMS } from './test-support/programs.ts'

/**
 * Tests run on the sources of every package: no build comes first. Other packages are those that Node would
 * load, so without `module`, which stands for bundlers only. `import` and `require` are added where they apply: listed
 * here, `import` would be passed to Node, and `require` get ES modules.
 */
const conditions = ['@mc/source', 'node']

const programs = findPrograms()

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['{packages/*,integration,examples}/test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(isLong ? [] : ['**/*.long.test.ts'])],
    isolate: false,
    setupFiles: ['./test-support/setup.ts'],
    // More than there are cores: tests wait for deadlines half of their time.
    maxWorkers: availableParallelism() + 2,
    // Concurrent tests are of the examples: each a process with deadlines, and more at once starve each other.
    maxConcurrency: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Waits end at the event, on a busy machine as well.
    expect: { poll: { interval: 5, timeout: 20_000 } },
    // What a test needs is a tag of it: where it is missing, the test is skipped and the summary says so.
    tags: [
      { name: 'long', description: 'Runs longer by `pnpm test:long`' },
      ...Object.keys(PROGRAMS).map((name) => ({
        name,
        ...(!(name in programs) && { skip: true }),
      })),
    ],
    ...(isLong && { tagsFilter: ['long'] }),
    provide: { programs },
    reporters: ['default', './test-support/summary-reporter.ts'],
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
})
