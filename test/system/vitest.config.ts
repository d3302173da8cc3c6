// `npm run test:system`: the command, the entries, the runtimes, real stores, workerd and the package, each as
// real processes. The project `workerd` runs inside the Workers runtime.

import { cloudflareTest } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'

const root = new URL('../..', import.meta.url).pathname

// What a loaded machine does to processes, and never what a test asserts: tried once more, and named at the end.
const SLOW_MACHINE =
  /: not within \d+ s|timed out|ECONNREFUSED|ECONNRESET|EADDRINUSE|port \d+ is taken/

// What measures, fills the machine by itself, or has a short limit of its own: one file after the other.
const ALONE = [
  'test/system/functions/chopped-bodies.test.ts',
  'test/system/ledger/redis-cluster.test.ts',
  'test/system/package*.test.ts',
  'test/system/runnable.test.ts',
  'test/system/runtime/**/*.test.ts',
]

const limits = {
  testTimeout: 60_000,
  hookTimeout: 180_000,
  retry: { count: 1, condition: SLOW_MACHINE },
}

export default defineConfig({
  root,
  test: {
    reporters: ['default', './test/support/closing-reporter.ts'],
    projects: [
      {
        root,
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          exclude: ['test/system/workerd/**', ...ALONE],
          // Most of the time is spent on waiting for processes.
          maxWorkers: 3,
          ...limits,
        },
      },
      {
        root,
        test: {
          name: 'alone',
          include: ALONE,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          ...limits,
        },
      },
      {
        root,
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
        test: {
          name: 'workerd',
          sequence: { groupOrder: 2 },
          include: ['test/system/workerd/**/*.test.ts'],
          globalSetup: ['test/system/workerd/evidence.ts'],
          ...limits,
        },
      },
    ],
  },
})
