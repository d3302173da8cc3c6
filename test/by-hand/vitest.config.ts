// `npm run test:by-hand`: what takes too long for the check, with programs of Kubernetes. Without ready ones it builds
// parts of 1.20 from source; with ready ones it also runs system tests that have a stand-in otherwise.

import { defineConfig } from 'vitest/config'
import { BIN_VARIABLE } from '../support/kubernetes/programs.ts'

const REAL = ['join', 'refused'].map((name) => `test/system/kubernetes/${name}.test.ts`)
const hasPrograms = (process.env[BIN_VARIABLE] ?? '') !== ''

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    name: 'by hand',
    include: ['test/by-hand/**/*.test.ts', ...(hasPrograms ? REAL : [])],
    maxWorkers: 1,
    reporters: ['default', './test/support/closing-reporter.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
})
