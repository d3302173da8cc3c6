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

/** Starts the Worker with a class of objects that a test has. */
const startWith = async (config: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-worker-reports-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const cloud = await sharedTestCloud()
  const variables = await usualVariables(cloud)
  const path = join(ROOT, 'test/system/ledger', config)
  const service = await startService('workerd', { variables, folder, config: path })
  onTestFinished(() => void service.stop())
  return { cloud, service, url: service.url }
}

describe('functions/worker.ts, with a Durable Object that fails', () => {
  it('answers 503, and tells the cause once', async () => {
    const { cloud, service, url } = await startWith('failing-worker.toml')
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

  it('answers 503 as long as the objects are of a class without RPC', async () => {
    const { cloud, service, url } = await startWith('old-object-worker.toml')
    const answer = await postEvidence(url, signedEvidence(cloud, await getChallenge(url)))
    expect([answer.status, answer.body['code']]).toEqual([503, 'unavailable'])
    const cause = /the Durable Object of the ledger did not answer: .*does not support RPC/
    await waitUntil(() => cause.test(service.output()), { seconds: 10, what: 'the cause' })
  })
})
