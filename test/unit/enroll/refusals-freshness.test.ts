// What must be refused about freshness: challenges that are not ours, not now, not for this, or not
// for the first time. Each test starts from evidence that is accepted and changes one thing.

import { beforeAll, describe, expect, it } from 'vitest'
import { createEnroller } from '../../../src/enroll/enroller.ts'
import { CRYPTO_PORTS } from '../../support/every-crypto.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import {
  LIFETIME_SECONDS,
  ROLE,
  type TestEnroller,
  claimsOf,
  createTestEnroller,
} from '../../support/test-enroller.ts'

const now = Math.floor(Date.now() / 1000)

describe.each(CRYPTO_PORTS)('enroll() with %s', (_, crypto) => {
  let tested: TestEnroller
  beforeAll(async () => {
    tested = await createTestEnroller({ crypto })
  })

  const challenge = async (role?: string): Promise<string> =>
    (await tested.enroller.challenge({ role }, now)).audience

  const expectRefusal = async (
    audience: string,
    reason: string,
    { role, at = now }: { role?: string; at?: number } = {},
  ): Promise<void> => {
    const answer = await tested.enroller.enroll({ ...tested.evidence(audience), role }, at)
    expect(answer).toMatchObject({ ok: false, code: 'invalid_evidence', facts: { reason } })
  }

  it('accepts the evidence that the refusals start from', async () => {
    const audience = await challenge()
    expect(await tested.enroller.enroll(tested.evidence(audience), now)).toMatchObject({ ok: true })
  })

  it('refuses a challenge that was never issued', async () => {
    const audience = await challenge()
    await expectRefusal(audience.slice(0, 32) + 'A'.repeat(32), 'challenge_not_ours')
  })

  it('refuses a challenge that has expired', async () => {
    await expectRefusal(await challenge(), 'challenge_expired', { at: now + LIFETIME_SECONDS })
  })

  it('refuses a challenge that was used by another instance', async () => {
    const audience = await challenge()
    await tested.enroller.enroll(tested.evidence(audience), now)
    const other = tested.evidence(audience, { 'instance-id': 'i-another' })
    const answer = await tested.enroller.enroll(other, now)
    expect(answer).toMatchObject({ code: 'invalid_evidence', facts: { reason: 'challenge_spent' } })
  })

  it('refuses a challenge for another role', async () => {
    await expectRefusal(await challenge(ROLE), 'challenge_for_another', { role: 'other' })
  })

  it('refuses a challenge for no role where one is asked for', async () => {
    await expectRefusal(await challenge(), 'challenge_for_another', { role: ROLE })
  })

  it('refuses a challenge of another service', async () => {
    const other = await createTestEnroller(
      { issuer: 'https://other.example', crypto },
      tested.cloud,
    )
    const { audience } = await other.enroller.challenge({}, now)
    await expectRefusal(audience, 'challenge_for_another')
  })

  it('refuses a challenge that is altered in one bit', async () => {
    const audience = await challenge()
    const last = audience.endsWith('A') ? 'B' : 'A'
    await expectRefusal(audience.slice(0, -1) + last, 'challenge_not_ours')
  })

  it('refuses a challenge made under a key that left the set', async () => {
    const signingKeys = await parseSigningKeys(await generateSigningKeys('ES256'))
    const before = await createTestEnroller({ signingKeys, crypto }, tested.cloud)
    const { audience } = await before.enroller.challenge({}, now)
    await expectRefusal(audience, 'challenge_not_ours')
  })

  it('refuses the second of two posts of one challenge at the same moment', async () => {
    const audience = await challenge()
    const posts = ['i-one', 'i-two'].map((id) => tested.evidence(audience, { 'instance-id': id }))
    const answers = await Promise.all(posts.map((post) => tested.enroller.enroll(post, now)))
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
  })

  it('refuses a replay of the challenge to a second process with the same ledger', async () => {
    const second = await createEnroller(tested.options)
    const audience = await challenge()
    expect(await tested.enroller.enroll(tested.evidence(audience), now)).toMatchObject({ ok: true })
    const other = tested.evidence(audience, { 'instance-id': 'i-another' })
    const answer = await second.enroll(other, now)
    expect(answer).toMatchObject({ code: 'invalid_evidence', facts: { reason: 'challenge_spent' } })
  })

  it.each([
    ['wrapped base64', (text: string) => text.replaceAll(/.{64}/g, '$&\n')],
    ['base64 with CRLF', (text: string) => text.replaceAll(/.{76}/g, '$&\r\n')],
    ['armour', (text: string) => `-----BEGIN PKCS7-----\n${text}\n-----END PKCS7-----\n`],
  ])('takes the same content in %s for a retry, not for a second enrollment', async (_, encode) => {
    const audience = await challenge()
    const { document, pkcs7 } = tested.evidence(audience)
    const first = await tested.enroller.enroll({ document, pkcs7 }, now)
    const again = await tested.enroller.enroll({ document, pkcs7: encode(pkcs7) }, now + 3)
    if (!first.ok || !again.ok) throw new Error('a good enrollment that was refused')
    expect(again.facts.retry).toBe(true)
    expect(claimsOf(again.accessToken)).toEqual(claimsOf(first.accessToken))
  })

  it.each([
    ['no audience', undefined],
    ['another one, not a challenge', 'nonce'],
  ])('refuses evidence with %s', async (_, audience) => {
    const { cloud } = tested
    const { document } = tested.evidence('x')
    const content = audience === undefined ? document : tested.evidence(audience).pkcs7
    const pkcs7 =
      audience === undefined ? Buffer.from(cloud.sign(document)).toString('base64') : content
    const answer = await tested.enroller.enroll({ document, pkcs7 }, now)
    expect(answer).toMatchObject({ ok: false, code: 'invalid_evidence' })
  })
})
