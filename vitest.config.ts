// Two projects of one run: `node`, and `workerd` for what must hold inside of the Workers runtime.

import { cloudflareTest } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'

const LIMIT_MS = 60_000

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/workerd/**'],
          testTimeout: LIMIT_MS,
          hookTimeout: LIMIT_MS,
          // Some files start whole services: more at once would only wait for one another.
          maxWorkers: 2,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
        test: {
          name: 'workerd',
          // After the other project, which has another number of workers.
          sequence: { groupOrder: 1 },
          include: ['test/workerd/**/*.test.ts'],
          globalSetup: ['test/workerd/evidence.ts'],
          testTimeout: LIMIT_MS,
          hookTimeout: LIMIT_MS,
        },
      },
    ],
  },
})
