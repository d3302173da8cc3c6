// The Worker's log when its Durable Object fails: the cause is there, and nothing else of the request.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { POLICY } from '../../support/test-service.ts'
import { getChallenge, postEvidence } from '../../support/instance.ts'
import { reservePort } from '../../support/ports.ts'
import { waitUntil } from '../../support/processes.ts'
import { startWorker } from '../../support/services.ts'
import { ROOT } from '../../support/sources.ts'
import { createTestCloud, documentText, withAudience } from '../../support/test-cloud.ts'

describe('functions/worker.ts, with a Durable Object that fails', () => {
  it('answers 503, and tells the cause once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-worker-reports-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const cloud = await createTestCloud()
    const variables = {
      ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
      ROLLCALL_POLICY: JSON.stringify(POLICY),
      ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
    }
    const config = join(ROOT, 'test/system/ledger/failing-worker.toml')
    const service = await startWorker(variables, { folder, port: await reservePort(), config })
    onTestFinished(() => void service.stop())
    const { url } = service
    for (let i = 0; i < 3; i++) {
      const document = documentText()
      const der = cloud.sign(withAudience(document, await getChallenge(url)))
      const pkcs7 = Buffer.from(der).toString('base64')
      const answer = await postEvidence(url, { document, pkcs7 })
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
