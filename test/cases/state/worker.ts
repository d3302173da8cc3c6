// The Worker in workerd, its Durable Object on disk, for the cases about state.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { reservePort } from '../../support/ports.ts'
import { startWorker } from '../../support/services.ts'
import type { Runtime } from './state-service.ts'

/** A runtime whose folder is removed after the file's last test. */
export const workerWithState = (): Runtime => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-state-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return {
    persistent: true,
    start: async (variables) => startWorker(variables, { folder, port: await reservePort() }),
  }
}
