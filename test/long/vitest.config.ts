// `npm run test:long`: races, kills, many entries and mutants.

import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    name: 'long',
    include: ['test/long/**/*.test.ts'],
    maxWorkers: 2,
    reporters: ['default', './test/support/closing-reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
