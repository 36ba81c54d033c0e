import { defineConfig } from 'vitest/config'

// `npm test` runs *.test.ts; `npm run test:full` adds *.full.test.ts (soaks, kill loops, score bars).
const full = process.env['REPRISE_TEST_FULL'] === '1'

export default defineConfig({
  test: {
    include: ['{packages,kernels,envs,experiments,benchmarks,scripts}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', ...(full ? [] : ['**/*.full.test.ts'])],
    testTimeout: full ? 900_000 : 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['default'],
  },
})
