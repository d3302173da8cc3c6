// The Worker's log when its Durable Object fails: the cause is there, and nothing else of the request.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { getChallenge, postEvidence } from '../../support/instance.ts'
import { waitUntil } from '../../support/processes.ts'
import { startService, usualVariables } from '../../support/start-service.ts'
import { ROOT } from '../../support/sources.ts'
import { sharedTestCloud, signedEvidence } from '../../support/test-cloud.ts'

describe('functions/worker.ts, with a Durable Object that fails', () => {
  it('answers 503, and tells the cause once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-worker-reports-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const cloud = await sharedTestCloud()
    const variables = await usualVariables(cloud)
    const config = join(ROOT, 'test/system/ledger/failing-worker.toml')
    const service = await startService('workerd', { variables, folder, config })
    onTestFinished(() => void service.stop())
    const { url } = service
    for (let i = 0; i < 3; i++) {
      const answer = await postEvidence(url, signedEvidence(cloud, await getChallenge(url)))
      expect([answer.status, answer.body['code']]).toEqual([503, 'unavailable'])
    }
    const ready = await fetch(`${url}/readyz`)
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'unavailable' }])
    const told = /rollcall: the Durable Object of the ledger did not answer: .*overloaded/g
    await waitUntil(() => told.test(service.output()), { seconds: 10, what: 'the cause' })
    expect(service.output().match(told)).toHaveLength(1)
    const line = service
      .output()
      .split('\n')
      .find((text) => text.includes('did not answer:'))
    expect(line).toContain('\\u000aToo many requests for [key]')
    expect(line).toMatch(/\((?:overloaded, )?(?:retryable, )?remote\)/)
  })
})
