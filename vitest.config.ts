// `npm test`: everything that runs in the test's own process, and so fast. One thread per core,
// shared by all files: starting a fresh one for each file takes longer than the tests in it.
// The other two commands have configurations of their own: test/system/ and test/long/.

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'unit',
    include: ['test/unit/**/*.test.ts'],
    pool: 'threads',
    isolate: false,
    // Vitest leaves one core alone by default.
    maxWorkers: 2,
    reporters: ['default', './test/support/closing-reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
