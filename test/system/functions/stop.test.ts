// The server is stopped while 200 instances enroll: each is answered, or its connection is closed without
// an answer and it retries. None hangs, none is half done.

import { type TestContext, expect, it } from 'vitest'
import {
  type EnrollmentAnswer,
  type PostedEvidence,
  getChallenge,
  postEvidence,
} from '../../support/instance.ts'
import { reservePort } from '../../support/ports.ts'
import { requireRedis, startRedisServer } from '../../support/redis-server.ts'
import { type ServiceProcess, startService, usualVariables } from '../../support/start-service.ts'
import { sharedTestCloud, signedEvidence } from '../../support/test-cloud.ts'

const INSTANCES = 200
const ACCOUNT = '1234567890123456'
/** When the signal comes, after the first request was sent: while most are at work. */
const SIGNAL_AFTER_MS = [20, 120, 300]
const LIMIT_MS = 30_000

const POLICY = {
  roles: {
    once: {
      match: { owner_account_id: [ACCOUNT] },
      token: { audience: ['https://cluster.example'] },
      reenrollment: 'never',
    },
  },
}

const jtiOf = ({ body }: EnrollmentAnswer): unknown =>
  (
    JSON.parse(
      Buffer.from(String(body['access_token']).split('.')[1] ?? '', 'base64url').toString(),
    ) as Record<string, unknown>
  )['jti']

/** What came of one post: an answer, or a connection that was closed before a byte of one. */
type Outcome = EnrollmentAnswer | 'closed'

const answered = (outcome: Outcome): outcome is EnrollmentAnswer => outcome !== 'closed'

it('functions/node.ts finishes or refuses each of 200 enrollments when it is stopped', async (context: TestContext) => {
  requireRedis(context)
  const cloud = await sharedTestCloud()
  const redis = await startRedisServer()
  const port = await reservePort()
  const url = `http://127.0.0.1:${port}`
  const variables = { ...(await usualVariables(cloud, POLICY)), ROLLCALL_LEDGER: redis.url }
  const start = (): Promise<ServiceProcess> => startService('Node', { port, variables })
  const evidenceOf = async (name: string): Promise<PostedEvidence> =>
    signedEvidence(cloud, await getChallenge(url), {
      'owner-account-id': ACCOUNT,
      'instance-id': `i-${name}`,
      'serial-number': name,
    })

  let service = await start()
  try {
    const counts = { answered: 0, closed: 0 }
    for (const [round, afterMs] of SIGNAL_AFTER_MS.entries()) {
      const names = Array.from({ length: INSTANCES }, (_, i) => `stop${round}x${i}`)
      const evidence = await Promise.all(names.map(evidenceOf))
      const limit = (outcome: Promise<Outcome>): Promise<Outcome> =>
        Promise.race([
          outcome,
          new Promise<never>((_, reject) =>
            setTimeout(() => reject(new Error('a request hangs')), LIMIT_MS).unref(),
          ),
        ])
      const posts = evidence.map((posted) =>
        limit(postEvidence(url, posted).catch((): Outcome => 'closed')),
      )
      await new Promise((resolve) => setTimeout(resolve, afterMs))
      service.process.child.kill('SIGTERM')
      const outcomes = await Promise.all(posts)
      // An answer enrolls, or asks for a retry; nothing else.
      for (const { status, body } of outcomes.filter(answered)) {
        expect([200, 503]).toContain(status)
        if (status === 503) expect(body['code']).toBe('unavailable')
      }
      expect(await service.stop()).toBe(0)
      counts.answered += outcomes.filter(answered).length
      counts.closed += outcomes.length - outcomes.filter(answered).length

      service = await start()
      const repeated = await Promise.all(evidence.map((posted) => postEvidence(url, posted)))
      for (const [i, again] of repeated.entries()) {
        expect(again.status).toBe(200)
        const before = outcomes[i]
        if (before !== undefined && answered(before) && before.status === 200) {
          expect(jtiOf(again)).toBe(jtiOf(before))
        }
      }
    }
    console.log(`of ${3 * INSTANCES}: ${counts.answered} answered, ${counts.closed} closed`)
    expect(counts.answered).toBeGreaterThan(0)
    expect(counts.closed).toBeGreaterThan(0)
  } finally {
    await service.stop()
    await redis.close()
  }
})
