// Challenges, to the byte, against a second computation with node:crypto.

import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { refuse } from '../../../src/base/result.ts'
import { audienceName } from '../../../src/base/wire/audience-name.ts'
import { deriveChallengeKeys, loadChallengeKeys } from '../../../src/enroll/challenge-keys.ts'
import { createPurposes } from '../../../src/enroll/challenge-purposes.ts'
import { checkChallenge, makeChallenge } from '../../../src/enroll/challenge.ts'
import { CRYPTO_PORTS } from '../../support/every-crypto.ts'

const ISSUER = 'https://rollcall.example'
const NOW = 1_800_000_000
const LIFETIME = 120
const SECRET = new Uint8Array(32).fill(7)
const OTHER = new Uint8Array(32).fill(9)
const JKT = 'k'.repeat(43)

/** The MAC as the protocol describes it: every part behind its length. */
const macOf = (key: Uint8Array, role: string, jkt: string, secretHalf: Buffer): Buffer => {
  const mac = createHmac('sha256', key)
  const parts = [
    'rollcall-challenge-v1',
    ISSUER,
    secretHalf.subarray(0, 4),
    secretHalf.subarray(4, 10),
  ]
  for (const part of [...parts, role, jkt]) {
    const bytes = Buffer.from(part as Buffer)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    mac.update(length).update(bytes)
  }
  return mac.digest().subarray(0, 14)
}

describe.each(CRYPTO_PORTS)('with %s', (_, crypto) => {
  const optionsWith = async (...secrets: Uint8Array<ArrayBuffer>[]) => ({
    purposes: createPurposes(ISSUER, crypto.sha256),
    keys: await loadChallengeKeys(secrets, crypto),
    lifetimeSeconds: LIFETIME,
    sha256: crypto.sha256,
  })

  describe('makeChallenge()', () => {
    it.each([
      ['no role', undefined, undefined],
      ['a role', 'worker', undefined],
      ['a role and a key', 'worker', JKT],
    ])('makes 64 characters that anybody can check, for %s', async (_, role, jkt) => {
      const challenge = await makeChallenge(await optionsWith(SECRET), { role, jkt }, NOW)
      expect(challenge).toMatch(/^[A-Za-z0-9_-]{64}$/)

      const text = `rollcall-audience-v1\n${ISSUER}\n${role ?? ''}\n${jkt ?? ''}\n`
      const hash = createHash('sha256').update(text).digest()
      const name = hash.subarray(0, 24).toString('base64url')
      expect(challenge.slice(0, 32)).toBe(name)
      expect(audienceName(ISSUER, { role, jkt })).toBe(name)

      const half = Buffer.from(challenge.slice(32), 'base64url')
      expect(half.readUInt32BE(0)).toBe(NOW + LIFETIME)
      expect(half.subarray(10)).toEqual(macOf(SECRET, role ?? '', jkt ?? '', half))
    })

    it('makes another one each time', async () => {
      const options = await optionsWith(SECRET)
      const all = await Promise.all(
        Array.from({ length: 100 }, () => makeChallenge(options, {}, NOW)),
      )
      expect(new Set(all).size).toBe(100)
    })
  })

  describe('checkChallenge()', () => {
    it('accepts a challenge from its first to its last second', async () => {
      const options = await optionsWith(SECRET)
      const challenge = await makeChallenge(options, {}, NOW)
      for (const now of [NOW, NOW + LIFETIME - 1]) {
        expect(await checkChallenge(options, challenge, {}, now)).toMatchObject({
          value: { expiresAt: NOW + LIFETIME },
        })
      }
      expect(await checkChallenge(options, challenge, {}, NOW + LIFETIME)).toEqual(
        refuse('challenge_expired'),
      )
    })

    it('refuses an expiry later than now + lifetime + 60 s', async () => {
      const options = await optionsWith(SECRET)
      const atEdge = await makeChallenge(options, {}, NOW + 60)
      expect(await checkChallenge(options, atEdge, {}, NOW)).toHaveProperty('value.id')
      const beyond = await makeChallenge(options, {}, NOW + 61)
      expect(await checkChallenge(options, beyond, {}, NOW)).toEqual(
        refuse('challenge_from_future'),
      )
    })

    it('refuses a challenge that is altered in any bit', async () => {
      const options = await optionsWith(SECRET)
      const challenge = await makeChallenge(options, {}, NOW)
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      for (let at = 0; at < challenge.length; at++) {
        for (let bit = 0; bit < 6; bit++) {
          const value = alphabet.indexOf(challenge.charAt(at)) ^ (1 << bit)
          const altered = challenge.slice(0, at) + alphabet.charAt(value) + challenge.slice(at + 1)
          const answer = await checkChallenge(options, altered, {}, NOW)
          expect(answer.ok, `bit ${bit} of character ${at}`).toBe(false)
        }
      }
    })

    it.each([
      ['shorter', (text: string) => text.slice(0, -1)],
      ['longer', (text: string) => `${text}A`],
      ['padded', (text: string) => `${text}=`],
      ['of the other base64 alphabet', (text: string) => `${text.slice(0, -1)}+`],
      ['of the other base64 alphabet at its start', (text: string) => `/${text.slice(1)}`],
      ['followed by a line end', (text: string) => `${text}\n`],
      ['empty', () => ''],
    ])('refuses one that is %s', async (_, change) => {
      const options = await optionsWith(SECRET)
      const challenge = await makeChallenge(options, {}, NOW)
      expect(await checkChallenge(options, change(challenge), {}, NOW)).toEqual(
        refuse('challenge_malformed'),
      )
    })

    it('refuses one whose first half differs in nothing but the case of its letters', async () => {
      const options = await optionsWith(SECRET)
      const challenge = await makeChallenge(options, {}, NOW)
      const upper = challenge.slice(0, 32).toUpperCase() + challenge.slice(32)
      expect(await checkChallenge(options, upper, {}, NOW)).toEqual(refuse('challenge_for_another'))
    })

    it('accepts a challenge that decodes and encodes to the same text, as each one does', async () => {
      const options = await optionsWith(SECRET)
      for (let round = 0; round < 50; round++) {
        const challenge = await makeChallenge(options, { role: `r${round}` }, NOW)
        expect(Buffer.from(challenge, 'base64url').toString('base64url')).toBe(challenge)
        const { length } = Buffer.from(challenge, 'base64url')
        expect(length).toBe(48)
        expect(await checkChallenge(options, challenge, { role: `r${round}` }, NOW)).toHaveProperty(
          'value.id',
        )
      }
    })

    it('accepts one that was made under any key of the set, and none of a key that left it', async () => {
      const challenge = await makeChallenge(await optionsWith(SECRET), {}, NOW)
      const rotated = await optionsWith(OTHER, SECRET)
      expect(await checkChallenge(rotated, challenge, {}, NOW)).toHaveProperty('value.id')
      const later = await optionsWith(OTHER)
      expect(await checkChallenge(later, challenge, {}, NOW)).toEqual(refuse('challenge_not_ours'))
    })

    it.each([
      ['another role', { role: 'worker' }, { role: 'other' }],
      ['no role where one was asked for', { role: 'worker' }, {}],
      ['a role where none was asked for', {}, { role: 'worker' }],
      ['another key', { jkt: JKT }, { jkt: 'x'.repeat(43) }],
      ['no key where one was named: no downgrade', { jkt: JKT }, {}],
    ])('refuses %s', async (_, madeFor, usedFor) => {
      const options = await optionsWith(SECRET)
      const challenge = await makeChallenge(options, madeFor, NOW)
      expect(await checkChallenge(options, challenge, usedFor, NOW)).toEqual(
        refuse('challenge_for_another'),
      )
    })

    it('refuses the first half of one purpose with the second half of another', async () => {
      const options = await optionsWith(SECRET)
      const mine = await makeChallenge(options, { role: 'mine' }, NOW)
      const other = await makeChallenge(options, { role: 'other' }, NOW)
      const mixed = other.slice(0, 32) + mine.slice(32)
      const answer = await checkChallenge(options, mixed, { role: 'other' }, NOW)
      expect(answer).toEqual(refuse('challenge_not_ours'))
    })
  })

  describe('deriveChallengeKeys()', () => {
    it('is HKDF-SHA-256 of the private key with an empty salt', async () => {
      const info = 'rollcall-challenge-v1'
      const raw = new Uint8Array(hkdfSync('sha256', SECRET, new Uint8Array(), info, 32))
      const derived = {
        ...(await optionsWith()),
        keys: await deriveChallengeKeys([SECRET], crypto),
      }
      const challenge = await makeChallenge(derived, {}, NOW)
      expect(await checkChallenge(await optionsWith(raw), challenge, {}, NOW)).toHaveProperty(
        'value.id',
      )
    })
  })
})
