import { defineConfig, type ViteUserConfig } from 'vitest/config'

/**
 * Tests run on the sources of every package: no build comes first. Other packages are those that Node would
 * load, so without `module`, which stands for bundlers only.
 */
const conditions = ['@mc/source', 'node', 'import', 'default']

export const shared: ViteUserConfig = defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { isolate: false, testTimeout: 30_000, hookTimeout: 30_000 },
})
