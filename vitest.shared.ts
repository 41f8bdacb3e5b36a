import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** Tests run on the sources of every package: no build comes first. */
const conditions = ['@mc/source', 'node', 'import', 'module', 'default']

export const shared: ViteUserConfig = defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { isolate: false, testTimeout: 30_000, hookTimeout: 30_000 },
})
