// What must be refused about freshness: challenges that are not ours, not now, not for this, or not for
// the first time. Each test starts from what is accepted and changes one thing.

import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  type Answer,
  evidenceRefused,
  expectEnrolled,
  expectRefused,
  expectRetryOf,
  proofRefused,
} from './answer.ts'
import { makeChallenge, nameOf } from './independent-challenge.ts'
import { makeKey } from './independent-jws.ts'
import { type Attempt, type StateService } from './state-service.ts'
import { ISSUER, LIFETIME_SECONDS } from './constants.ts'

const BATCH = 24
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Every text that differs from a challenge in one of its 384 bits. */
const alteredChallenges = (audience: string): string[] =>
  [...audience].flatMap((character, at) =>
    [1, 2, 4, 8, 16, 32].map((bit) => {
      const other = BASE64URL[BASE64URL.indexOf(character) ^ bit] as string
      return audience.slice(0, at) + other + audience.slice(at + 1)
    }),
  )

/** The same content in other clothes. */
const ENCODINGS: readonly (readonly [string, (pkcs7: string) => string])[] = [
  ['base64 in lines of 64', (text) => text.replaceAll(/.{64}/g, '$&\n')],
  ['base64 in lines of 76 with CRLF', (text) => text.replaceAll(/.{76}/g, '$&\r\n')],
  ['armour of PKCS7', (text) => `-----BEGIN PKCS7-----\n${text}\n-----END PKCS7-----\n`],
  ['armour of CMS', (text) => `-----BEGIN CMS-----\n${text}\n-----END CMS-----\n`],
]
const BAD_ENCODINGS: readonly (readonly [string, (pkcs7: string) => string])[] = [
  ['base64url', (text) => text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')],
  ['base64 with a space', (text) => `${text.slice(0, 64)} ${text.slice(64)}`],
  ['base64 with a tab', (text) => `${text.slice(0, 64)}\t${text.slice(64)}`],
  ['base64 with more padding', (text) => `${text}====`],
]

/** Declares the tests. */
export const describeFreshness = (service: () => StateService): void => {
  const now = (): number => service().now()
  const byHand = (changes: Partial<Parameters<typeof makeChallenge>[0]> = {}): string =>
    makeChallenge({
      issuer: ISSUER,
      role: 'always',
      key: service().challengeKeys[0] as Buffer,
      expiresAt: now() + LIFETIME_SECONDS,
      ...changes,
    })

  const postOver = async (audience: string, role = 'always'): Promise<Answer> => {
    const attempt = await service().begin(service().newInstance(), { role, audience })
    return service().post(attempt)
  }

  describe('POST /v1/enroll', () => {
    it('accepts what the refusals start from, and a retry of it gives the same claims', async () => {
      const attempt = await service().begin(service().newInstance(), { role: 'always' })
      const first = await expectEnrolled(await service().post(attempt))
      await expectRetryOf(await service().post(attempt), first)
    })

    it('accepts a challenge that a second implementation made, under any key of the set', async () => {
      for (const key of service().challengeKeys) {
        await expectEnrolled(await postOver(byHand({ key })))
      }
    })

    it('refuses a challenge that was never issued', async () => {
      const audience =
        nameOf({ issuer: ISSUER, role: 'always' }) + randomBytes(24).toString('base64url')
      await expectRefused(await postOver(audience), evidenceRefused('challenge_not_ours'))
    })

    it('refuses a challenge that has expired, this second or an hour ago', async () => {
      for (const ago of [0, 1, 3600]) {
        const audience = byHand({ expiresAt: now() - ago })
        await expectRefused(await postOver(audience), evidenceRefused('challenge_expired'))
      }
    })

    it('refuses a challenge that lives longer than any that it makes', async () => {
      const audience = byHand({ expiresAt: now() + LIFETIME_SECONDS + 90 })
      await expectRefused(await postOver(audience), evidenceRefused('challenge_from_future'))
    })

    it('refuses a challenge under a key that is not of the set', async () => {
      const audience = byHand({ key: randomBytes(32) })
      await expectRefused(await postOver(audience), evidenceRefused('challenge_not_ours'))
    })

    it('refuses a challenge of another service, also under the same key', async () => {
      const audience = byHand({ issuer: 'https://rollcall.example:8443' })
      await expectRefused(await postOver(audience), evidenceRefused('challenge_for_another'))
    })

    it('refuses a challenge with the name of another purpose than its MAC', async () => {
      const mine = byHand({ role: 'never' })
      const audience = nameOf({ issuer: ISSUER, role: 'always' }) + mine.slice(32)
      await expectEnrolled(await postOver(mine, 'never'))
      await expectRefused(await postOver(audience), evidenceRefused('challenge_not_ours'))
    })

    it.each([
      ['another role', 'always', 'never'],
      ['a role where none is asked for', 'always', undefined],
      ['no role where one is asked for', undefined, 'always'],
      ['a role that does not exist', 'nobody', 'always'],
    ])('refuses a challenge for %s', async (_, made, asked) => {
      const instance = service().newInstance()
      const attempt = await service().begin(instance, { role: made })
      const refused = await service().post({ ...attempt, role: asked })
      await expectRefused(refused, evidenceRefused('challenge_for_another'))
      if (made !== 'nobody') await expectEnrolled(await service().post(attempt))
    })

    it('refuses a challenge for another key', async () => {
      const [key, other] = [await makeKey(), await makeKey()]
      const instance = service().newInstance()
      const audience = await service().challenge('always', key.thumbprint)
      const stolen = await service().begin(instance, { role: 'always', key: other, audience })
      await expectRefused(await service().post(stolen), proofRefused('dpop_key_not_of_challenge'))
      const own = await service().begin(instance, { role: 'always', key, audience })
      await expectEnrolled(await service().post(own))
    })

    it('refuses a challenge that is altered in any one of its 384 bits', async () => {
      const audience = await service().challenge('always')
      const altered = alteredChallenges(audience)
      expect(new Set(altered).size).toBe(384)
      for (let at = 0; at < altered.length; at += BATCH) {
        const batch = altered.slice(at, at + BATCH)
        const answers = await Promise.all(batch.map((each) => postOver(each)))
        for (const [i, answer] of answers.entries()) {
          const isName = at + i < 32 * 6
          const reason = isName ? 'challenge_for_another' : 'challenge_not_ours'
          await expectRefused(answer, evidenceRefused(reason))
        }
      }
      await expectEnrolled(await postOver(audience))
    })

    it('refuses a used challenge to another instance, and to other content of the same one', async () => {
      const instance = service().newInstance()
      const attempt = await service().begin(instance, { role: 'always' })
      const { audience } = attempt
      const first = await expectEnrolled(await service().post(attempt))
      for (const other of [service().newInstance(), { ...instance, 'image-id': 'm-other' }]) {
        const second = await service().begin(other, { role: 'always', audience })
        await expectRefused(await service().post(second), evidenceRefused('challenge_spent'))
      }
      await expectRetryOf(await service().post(attempt), first)
    })

    it('refuses all but one of two posts of one challenge at the same moment', async () => {
      for (let round = 0; round < 10; round++) {
        const audience = await service().challenge('always')
        const answers = await Promise.all([postOver(audience), postOver(audience)])
        const statuses = answers.map(({ status }) => status)
        expect(statuses.toSorted()).toEqual([200, 401])
        const loser = answers.find(({ status }) => status === 401) as Answer
        await expectRefused(loser, evidenceRefused('challenge_spent'))
      }
    })

    it('takes one evidence, posted 20 times at the same moment, for one enrollment', async () => {
      for (const role of ['never', 'always'] as const) {
        const attempt = await service().begin(service().newInstance(), { role })
        const posts = Array.from({ length: 20 }, () => service().post(attempt))
        const answers = await Promise.all(posts)
        const events = await Promise.all(answers.map(({ event }) => event()))
        expect(events.filter(({ retry }) => retry === false)).toHaveLength(1)
        const claims = answers.map((answer) => JSON.stringify(answer.claims()))
        expect(new Set(claims).size).toBe(1)
      }
    })

    it('refuses evidence signed without an audience, a document that was stolen', async () => {
      const good = await service().begin(service().newInstance(), { role: 'always' })
      const stolen = service().plainEvidence(service().newInstance())
      for (const more of [{}, { audience: good.audience }]) {
        const body = { ...stolen, ...more, role: 'always' }
        const answer = await service().send('POST', '/v1/enroll', { body })
        await expectRefused(answer, evidenceRefused('audience_mismatch'))
      }
      await expectEnrolled(await service().post(good))
    })
  })

  describe('POST /v1/enroll, given the same content once more under the rule never,', () => {
    const enrolled = async () => {
      const instance = service().newInstance()
      const attempt = await service().begin(instance, { role: 'never' })
      const first = await expectEnrolled(await service().post(attempt))
      return { instance, attempt, first }
    }
    const again = (attempt: Attempt, changes: Record<string, string>): Promise<Answer> => {
      const body = { ...attempt.evidence, role: 'never', ...changes }
      return service().send('POST', '/v1/enroll', { body })
    }

    it.each(ENCODINGS)('takes %s for a retry', async (_, encode) => {
      const { attempt, first } = await enrolled()
      const answer = await again(attempt, { pkcs7: encode(attempt.evidence.pkcs7) })
      await expectRetryOf(answer, first)
    })

    it.each(BAD_ENCODINGS)('refuses %s', async (_, encode) => {
      const { attempt, first } = await enrolled()
      const answer = await again(attempt, { pkcs7: encode(attempt.evidence.pkcs7) })
      await expectRefused(answer, evidenceRefused('malformed_encoding'))
      await expectRetryOf(await service().post(attempt), first)
    })

    it.each([
      ['a line end', (document: string) => `${document}\n`],
      ['CRLF', (document: string) => `${document}\r\n`],
    ])('takes a document with %s behind it for a retry', async (_, change) => {
      const { attempt, first } = await enrolled()
      const answer = await again(attempt, { document: change(attempt.evidence.document) })
      await expectRetryOf(answer, first)
    })

    it('takes a document with the audience in it for a retry', async () => {
      const { attempt, first } = await enrolled()
      const { audience, evidence } = attempt
      const document = `${evidence.document.slice(0, -1)},"audience":"${audience}"}`
      await expectRetryOf(await again(attempt, { document }), first)
    })

    it.each([
      ['with SHA-256', { hash: 'sha256' }],
      ['with signed attributes', { signedAttributes: true }],
      ['with its certificate', { certificate: true }],
      ['detached', { detached: true }],
    ] as const)('takes it, signed anew %s, for a retry', async (_, signing) => {
      const { instance, attempt, first } = await enrolled()
      const { audience } = attempt
      const { pkcs7 } = service().evidence(instance, audience, signing)
      expect(pkcs7).not.toBe(attempt.evidence.pkcs7)
      await expectRetryOf(await again(attempt, { pkcs7, audience }), first)
    })

    it('takes it as JSON and as multipart for a retry', async () => {
      const { attempt, first } = await enrolled()
      const fields = { ...attempt.evidence, role: 'never' }
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.append(name, value)
      const json = { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(fields) }
      for (const init of [json, { body: form }]) {
        await expectRetryOf(await service().send('POST', '/v1/enroll', init), first)
      }
    })

    it.each([
      ['a field in another order', (text: string) => reordered(text)],
      ['a field that the cloud has added', (text: string) => text.replace('}', ',"boot":"uefi"}')],
    ])('refuses %s: other content, and the challenge is spent', async (_, change) => {
      const { attempt, first } = await enrolled()
      const document = change(attempt.evidence.document)
      const pkcs7 = service().signText(document, attempt.audience)
      await expectRefused(
        await again(attempt, { document, pkcs7 }),
        evidenceRefused('challenge_spent'),
      )
      await expectRetryOf(await service().post(attempt), first)
    })
  })
}

const reordered = (document: string): string => {
  const [first, ...others] = Object.entries(JSON.parse(document) as Record<string, string>)
  return JSON.stringify(Object.fromEntries([...others, first as [string, string]]))
}
