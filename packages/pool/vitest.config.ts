import { defineProject, mergeConfig } from 'vitest/config'
import { shared } from '../../vitest.shared.ts'

export default mergeConfig(
  shared,
  // Some tests replace the modules of timers and clock, which no others must share.
  defineProject({ test: { name: 'pool', include: ['test/**/*.test.ts'], isolate: true } }),
)
