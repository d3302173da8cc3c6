// A challenge together with the key that it names: no downgrade, and no mixing of keys, roles and services.

import { beforeAll, describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../src/base/result.ts'
import { ENROLL_PATH } from '../../../src/base/wire/paths.ts'
import { checkBoundChallenge } from '../../../src/enroll/bound-challenge.ts'
import { loadChallengeKeys } from '../../../src/enroll/challenge-keys.ts'
import { createPurposes } from '../../../src/enroll/challenge-purposes.ts'
import { type ChallengeOptions, makeChallenge } from '../../../src/enroll/challenge.ts'
import { NODE_CRYPTO } from '../../../src/node/node-crypto.ts'
import { type TestKey, makeKey } from '../../cases/state/independent-jws.ts'
import { type ProofChanges, makeProof } from '../../cases/state/proofs.ts'

const ISSUER = 'https://rollcall.example'
const NOW = 1_800_000_000
const LIFETIME = 120

let options: ChallengeOptions
let own: TestKey
let other: TestKey
beforeAll(async () => {
  const keys = await loadChallengeKeys([new Uint8Array(32).fill(7)], NODE_CRYPTO)
  const { sha256 } = NODE_CRYPTO
  const purposes = createPurposes(ISSUER, sha256)
  options = { purposes, keys, lifetimeSeconds: LIFETIME, sha256 }
  ;[own, other] = [await makeKey(), await makeKey()]
})

/** What a challenge was made for and what it came back with; a key by its name. */
interface Attempt {
  readonly madeFor?: { readonly role?: string; readonly key?: 'own' | 'other' }
  readonly role?: string
  readonly proof?: 'own' | 'other'
  readonly changes?: ProofChanges
  readonly now?: number
  /** The service that made the challenge. */
  readonly issuer?: string
}

const attempt = async ({
  madeFor = {},
  role,
  proof,
  changes,
  now = NOW,
  issuer = ISSUER,
}: Attempt) => {
  const keyOf = { own, other }
  const jkt = madeFor.key && keyOf[madeFor.key].thumbprint
  const made = { ...options, purposes: createPurposes(issuer, NODE_CRYPTO.sha256) }
  const audience = await makeChallenge(made, { role: madeFor.role, jkt }, NOW)
  const dpop = proof && makeProof(keyOf[proof], ISSUER, audience, changes)
  return checkBoundChallenge(options, { role, dpop }, audience, now)
}

describe('checkBoundChallenge()', () => {
  it.each<[string, Attempt, boolean]>([
    ['for nothing, without a proof', {}, false],
    ['for a role, without a proof', { madeFor: { role: 'worker' }, role: 'worker' }, false],
    ['for a key, with its proof', { madeFor: { key: 'own' }, proof: 'own' }, true],
    [
      'for a role and a key, with both',
      { madeFor: { role: 'worker', key: 'own' }, role: 'worker', proof: 'own' },
      true,
    ],
    ['in its last second', { now: NOW + LIFETIME - 1 }, false],
  ])('takes a challenge %s', async (_, given, bound) => {
    expect(await attempt(given)).toMatchObject(
      accept({
        challenge: { expiresAt: NOW + LIFETIME },
        madeAt: NOW,
        jkt: bound ? own.thumbprint : undefined,
      }),
    )
  })

  type Row = [code: string, reason: string, what: string, given: Attempt, jkt?: 'own' | 'other']
  it.each<Row>([
    [
      'invalid_evidence',
      'challenge_for_another',
      'for a key comes without a proof: no downgrade',
      { madeFor: { key: 'own' } },
    ],
    [
      'invalid_evidence',
      'challenge_for_another',
      'for no key comes with a proof',
      { proof: 'own' },
      'own',
    ],
    [
      'invalid_evidence',
      'challenge_for_another',
      'for no role comes with a role and no proof',
      { role: 'worker' },
    ],
    [
      'invalid_evidence',
      'challenge_for_another',
      'for a role comes without one',
      { madeFor: { role: 'worker' } },
    ],
    [
      'invalid_evidence',
      'challenge_for_another',
      'for this key and no role comes with a role',
      { madeFor: { key: 'own' }, role: 'worker', proof: 'own' },
      'own',
    ],
    [
      'invalid_evidence',
      'challenge_for_another',
      'for this role and no key comes with a proof',
      { madeFor: { role: 'worker' }, role: 'worker', proof: 'own' },
      'own',
    ],
    [
      'invalid_dpop_proof',
      'dpop_key_not_of_challenge',
      'for a key comes with the proof of another',
      { madeFor: { key: 'own' }, proof: 'other' },
      'other',
    ],
    [
      'invalid_dpop_proof',
      'dpop_key_not_of_challenge',
      'for a role and a key comes with the proof of another',
      { madeFor: { role: 'worker', key: 'own' }, role: 'worker', proof: 'other' },
      'other',
    ],
    ['invalid_evidence', 'challenge_expired', 'has expired', { now: NOW + LIFETIME }],
    [
      'invalid_evidence',
      'challenge_expired',
      'has expired, and comes with a good proof',
      { madeFor: { key: 'own' }, proof: 'own', now: NOW + LIFETIME },
      'own',
    ],
    ['invalid_evidence', 'challenge_from_future', 'was made in the future', { now: NOW - 61 }],
    [
      'invalid_evidence',
      'challenge_for_another',
      'is another service’s',
      { issuer: 'https://other.example' },
    ],
    [
      'invalid_dpop_proof',
      'dpop_nonce_mismatch',
      'comes with a proof of another challenge, before anything else is said',
      { proof: 'own', changes: { claims: { nonce: 'x' } }, now: NOW + LIFETIME },
    ],
    [
      'invalid_dpop_proof',
      'dpop_uri_mismatch',
      'comes with a proof for another address',
      { proof: 'own', changes: { claims: { htu: `${ISSUER}/v1/challenge` } } },
    ],
    [
      'invalid_dpop_proof',
      'dpop_method_mismatch',
      'comes with a proof of another method',
      { proof: 'own', changes: { claims: { htm: 'GET' } } },
    ],
  ])('refuses as %s, %s one that %s', async (code, reason, _, given, key) => {
    const jkt = key && { own, other }[key].thumbprint
    expect(await attempt(given)).toEqual(refuse({ code, reason, jkt }))
  })

  it.each([
    ['challenge_malformed', 'a-nonce', undefined],
    ['challenge_not_ours', undefined, 'A'.repeat(32)],
  ])('refuses as %s what this service did not make', async (reason, text, end) => {
    const audience = text ?? (await makeChallenge(options, {}, NOW)).slice(0, 32) + end
    expect(await checkBoundChallenge(options, {}, audience, NOW)).toEqual(
      refuse({ code: 'invalid_evidence', reason }),
    )
  })

  it('refuses as audience_mismatch evidence that was signed for no audience', async () => {
    const dpop = makeProof(own, ISSUER, 'x')
    expect(await checkBoundChallenge(options, { dpop }, undefined, NOW)).toEqual(
      refuse({ code: 'invalid_evidence', reason: 'audience_mismatch' }),
    )
  })

  it('wants a proof of the address at which enrollments are posted', () => {
    expect(ENROLL_PATH).toBe('/v1/enroll')
  })
})
