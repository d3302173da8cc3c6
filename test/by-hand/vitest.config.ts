// `npm run test:by-hand`: what takes too long for the check. It builds parts of Kubernetes 1.20 from source.

import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    name: 'by hand',
    include: ['test/by-hand/**/*.test.ts'],
    maxWorkers: 1,
    reporters: ['default', './test/support/closing-reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
