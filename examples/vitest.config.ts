import { defineProject, mergeConfig } from 'vitest/config'
import { shared } from '../vitest.shared.ts'

export default mergeConfig(
  shared,
  defineProject({
    test: {
      name: 'examples',
      include: ['test/**/*.test.ts'],
      // Each is a process with deadlines of its own: more at once starve each other.
      maxConcurrency: 2,
    },
  }),
)
