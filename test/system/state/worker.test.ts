// The suite on the Worker in workerd, its Durable Object on disk.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { freePort } from '../../support/processes.ts'
import { startWorker } from '../../support/services.ts'
import { testState } from '../../cases/state/suite.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-state-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

testState('in workerd', {
  persistent: true,
  start: async (variables) => startWorker(variables, { folder, port: await freePort() }),
})
