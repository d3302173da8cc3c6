// The Worker in workerd, its Durable Object on disk, for the cases about state.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { CLOCK_PATH } from './clock-path.ts'
import type { Clock } from '../../support/clock.ts'
import { startService } from '../../support/start-service.ts'
import type { Runtime } from '../../cases/state/state-service.ts'

const CONFIG = new URL('./worker-with-clock.toml', import.meta.url)

/** A runtime whose folder is removed after the file's last test, with a clock that can be moved. */
export const workerWithState = (): Runtime => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-state-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  let ahead = 0
  let url: string | undefined
  const clock: Clock = {
    now: () => Date.now() / 1000 + ahead,
    async pass(seconds) {
      ahead += seconds
      // A Worker that is not running gets it when it starts.
      if (url !== undefined) await fetch(url + CLOCK_PATH, { method: 'POST', body: String(ahead) })
    },
  }
  return {
    persistent: true,
    clock,
    async start(variables) {
      const service = await startService('workerd', {
        variables: { ...variables, CLOCK_AHEAD_SECONDS: String(ahead) },
        folder,
        config: fileURLToPath(CONFIG),
      })
      url = service.url
      return {
        ...service,
        stop() {
          url = undefined
          return service.stop()
        },
      }
    },
  }
}
