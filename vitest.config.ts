import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

// `npm test` runs *.test.ts; `npm run test:full` adds *.full.test.ts (soaks, kill loops, score bars).
const full = process.env['REPRISE_TEST_FULL'] === '1'
// `npm run test:executor -- tensorflow`: see packages/backend/src/testing/forced-executor.ts.
const executor = process.env['REPRISE_TEST_EXECUTOR']
const forced = fileURLToPath(new URL('packages/backend/src/testing/forced-executor.ts', import.meta.url))

/** What a run with a forced executor adds. */
function force(name: string): ViteUserConfig {
  return {
    plugins: [
      {
        name: 'forced-executor',
        enforce: 'pre',
        resolveId: (source) => (source === '@reprise/backend' ? forced : undefined),
      },
    ],
    // Compiling takes seconds, single operations on TensorFlow many times what they take in WebAssembly.
    test: { provide: { executor: name as never }, testTimeout: 600_000 },
  }
}

const { plugins = [], test } = executor ? force(executor) : {}

export default defineConfig({
  plugins,
  test: {
    include: ['{packages,kernels,envs,experiments,benchmarks,scripts}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', ...(full ? [] : ['**/*.full.test.ts'])],
    testTimeout: full ? 900_000 : 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['default'],
    tags: [{ name: 'own-executor', description: 'Compares executors, or is about the executor that it names' }],
    ...test,
  },
})
