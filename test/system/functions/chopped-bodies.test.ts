// A hundred clients send bodies cut into 16,000 chunks of one byte: the servers refuse each, keep their size
// and go on answering others.

import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { RunningProcess } from '../../support/processes.ts'
import { choppedRequest, connectTo, sendRaw } from '../../support/raw-http.ts'
import { startService, usualVariables } from '../../support/start-service.ts'
import { sharedTestCloud } from '../../support/test-cloud.ts'

const CLIENTS = 100
const CHUNKS = 16_000
const MAX_GROWTH_MB = 100
const MAX_HEALTH_MS = 5_000

/** Resident memory of a process in MB. */
const residentMb = ({ child }: RunningProcess): number => {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+([0-9]+) kB$/m.exec(status)?.[1]) / 1024
}

it.each(['Node', 'Deno'] as const)(
  'the server on %s keeps its size while bodies come in chunks of one byte',
  // Another test beside it may take the processor for a while.
  { retry: 2 },
  async (runtime) => {
    const variables = await usualVariables(await sharedTestCloud())
    const service = await startService(runtime, { variables })
    const { url, process: running } = service
    try {
      for (let i = 0; i < 20; i++) await sendRaw(url, choppedRequest(10))
      const idle = await Promise.all(Array.from({ length: CLIENTS }, () => connectTo(url)))
      const before = residentMb(running)

      let largest = before
      let slowest = 0
      const finished = new AbortController()
      const watch = async (): Promise<void> => {
        while (!finished.signal.aborted) {
          const began = performance.now()
          expect((await fetch(`${url}/healthz`)).status).toBe(200)
          slowest = Math.max(slowest, performance.now() - began)
          largest = Math.max(largest, residentMb(running))
          await setTimeout(20)
        }
      }
      const watching = watch()
      const answers = await Promise.all(
        Array.from({ length: CLIENTS }, (_, i) =>
          sendRaw(url, choppedRequest(CHUNKS, i % 2 === 0)),
        ),
      )
      await setTimeout(500)
      finished.abort()
      await watching
      idle.forEach((socket) => socket.destroy())

      const grown = Math.round(largest - before)
      console.log(
        `${before.toFixed(0)} MB, grown by ${grown} MB; /healthz ${slowest.toFixed(0)} ms`,
      )
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([413]))
      expect(grown).toBeLessThan(MAX_GROWTH_MB)
      expect(slowest).toBeLessThan(MAX_HEALTH_MS)
    } finally {
      await service.stop()
    }
  },
)
