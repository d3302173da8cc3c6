// Exchange of a bound enrollment token: what the new token says, and each reason to give none. What is refused before
// the proof is used up leaves the proof usable.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  type ExchangeReason,
  type RefusedExchange,
  exchangeToken,
} from '../../../src/admit/exchange.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { refuse } from '../../../src/base/result.ts'
import { readIdentityDocument } from '../../../src/codec/identity-document.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { type Policy, parsePolicy } from '../../../src/policy/policy.ts'
import { ban } from '../../../src/registry/bans.ts'
import {
  encodeRecords,
  instanceKey,
  unknownInstance,
} from '../../../src/registry/instance-record.ts'
import { revokeToken } from '../../../src/registry/revocation.ts'
import { checkStanding } from '../../../src/registry/standing.ts'
import { type EnrollmentClaims, tokenSubject } from '../../../src/token/claims.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { issueToken } from '../../../src/token/issue.ts'
import { type SigningKeys, parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { verifyToken } from '../../../src/token/verify.ts'
import { type TestKey, makeKey } from '../../cases/state/independent-jws.ts'
import { makeProof } from '../../cases/state/proofs.ts'
import { ISSUER } from '../../support/test-enroller.ts'
import { documentText } from '../../support/test-cloud.ts'

const NOW = 1_800_000_000
const URI = `${ISSUER}/v1/token`
const VAULT = 'https://vault.test'
const MESH = 'https://mesh.test'
const IDENTITY = { ...readIdentityDocument(utf8(documentText())), trustAnchor: 'a', digest: 'd' }

const policyOf = (more: object = {}, match: object = {}): Policy =>
  parsePolicy({
    roles: {
      node: {
        match: { owner_account_id: [IDENTITY.ownerAccountId], ...match },
        token: { audience: [ISSUER], lifetime_seconds: 3600 },
        reenrollment: 'same_key',
        exchange: [
          { audience: VAULT, binding: 'none', lifetime_seconds: 60, groups: ['nodes'] },
          { audience: MESH, binding: 'dpop' },
        ],
        ...more,
      },
    },
  })

let keys: SigningKeys
let key: TestKey
let other: TestKey
beforeAll(async () => {
  keys = await parseSigningKeys(await generateSigningKeys('ES256'))
  ;[key, other] = [await makeKey(), await makeKey()]
})

const enrollmentToken = (
  changes: { issuedAt?: number; jkt?: string | undefined; issuer?: string } = {},
): Promise<string> => {
  const [role] = policyOf().roles
  if (role === undefined) throw new Error('no role')
  const content = { issuer: ISSUER, identity: IDENTITY, role, audience: [ISSUER], jti: 'parent' }
  return issueToken(keys, { ...content, issuedAt: NOW, jkt: key.thumbprint, ...changes })
}

const prove = (claims: object = {}, by = key): string =>
  makeProof(by, ISSUER, 'unused', {
    claims: { htu: URI, iat: NOW, nonce: undefined, ...claims },
  })

interface Asked {
  readonly subjectToken?: string
  readonly audience?: string
  readonly dpop?: string | undefined
  readonly policy?: Policy
  readonly ledger?: Ledger
  readonly now?: number
}

const exchange = async ({
  policy = policyOf(),
  ledger = createMemoryLedger(0),
  now = NOW,
  ...request
}: Asked = {}) => {
  const subjectToken = await enrollmentToken()
  const asked = { subjectToken, audience: VAULT, dpop: prove(), uri: URI, ...request }
  return exchangeToken({ issuer: ISSUER, policy, signingKeys: keys, ledger }, asked, now)
}

const claimsOf = async (token: string, now = NOW): Promise<EnrollmentClaims> => {
  const verified = await verifyToken(keys, ISSUER, token, now)
  if (!verified.ok) throw new Error(verified.refusal)
  return verified.value
}

describe('exchangeToken()', () => {
  it('gives a bearer token of one audience, which names its enrollment', async () => {
    const exchanged = await exchange()
    if (!exchanged.ok) throw new Error(exchanged.refusal.reason)
    const { accessToken, ...rest } = exchanged.value
    expect(rest).toMatchObject({ tokenType: 'Bearer', expiresIn: 60, audience: VAULT })
    const parent = await claimsOf(await enrollmentToken())
    const child = await claimsOf(accessToken)
    const { iss, sub, role, ecs, acr } = parent
    expect(child).toEqual({
      iss,
      sub,
      role,
      ecs,
      acr,
      aud: [VAULT],
      iat: NOW,
      nbf: NOW - 30,
      exp: NOW + 60,
      jti: rest.jti,
      groups: ['nodes'],
      enrollment_jti: 'parent',
      enrollment_iat: NOW,
    })
    expect(child.jti).not.toBe('parent')
  })

  it('gives a token that is bound to the same key, where the policy says so', async () => {
    const exchanged = await exchange({ audience: MESH })
    if (!exchanged.ok) throw new Error(exchanged.refusal.reason)
    expect(exchanged.value).toMatchObject({ tokenType: 'DPoP', expiresIn: 120 })
    const child = await claimsOf(exchanged.value.accessToken)
    expect(child.cnf).toEqual({ jkt: key.thumbprint })
    expect(child.groups).toBeUndefined()
  })

  it('never gives a token that outlives the one shown', async () => {
    const now = NOW + 3599
    const exchanged = await exchange({ now, dpop: prove({ iat: now }) })
    expect(exchanged).toMatchObject({ ok: true, value: { expiresIn: 1 } })
  })

  it('gives each exchange a jti of its own', async () => {
    const ledger = createMemoryLedger(0)
    const [a, b] = [await exchange({ ledger }), await exchange({ ledger })]
    if (!a.ok || !b.ok) throw new Error('refused')
    expect(a.value.jti).not.toBe(b.value.jti)
  })

  it('accepts a token whose iat is 20 s ahead', async () => {
    const subjectToken = await enrollmentToken({ issuedAt: NOW + 20 })
    expect(await exchange({ subjectToken })).toMatchObject({ ok: true })
  })

  const grant = 'invalid_grant'
  const proof = 'invalid_dpop_proof'
  it.each<[RefusedExchange['error'], ExchangeReason, string, () => Promise<Asked>]>([
    [grant, 'malformed', 'text', async () => ({ subjectToken: 'x' })],
    [grant, 'token_expired', 'an expired token', async () => ({ now: NOW + 3600 })],
    [
      grant,
      'issuer_mismatch',
      'a token of another service',
      async () => ({ subjectToken: await enrollmentToken({ issuer: 'https://b.test' }) }),
    ],
    [
      grant,
      'token_not_bound',
      'an unbound token, which a relying party that was shown it could exchange',
      async () => ({ subjectToken: await enrollmentToken({ jkt: undefined }) }),
    ],
    [
      grant,
      'token_exchanged',
      'a token that was exchanged itself',
      async () => {
        const exchanged = await exchange({ audience: MESH })
        return { subjectToken: exchanged.ok ? exchanged.value.accessToken : '' }
      },
    ],
    [
      grant,
      'role_not_exchangeable',
      'a token of a role that the policy no longer has',
      async () => ({
        policy: parsePolicy({
          roles: {
            other: {
              match: { owner_account_id: [IDENTITY.ownerAccountId] },
              token: { audience: ['x'] },
              reenrollment: 'never',
            },
          },
        }),
      }),
    ],
    [
      grant,
      'role_not_exchangeable',
      'a token of a role whose tokens are no longer always bound',
      async () => ({ policy: policyOf({ reenrollment: 'always', exchange: [] }) }),
    ],
    [
      grant,
      'role_no_longer_matches',
      'a token of an instance that the role no longer matches',
      async () => ({ policy: policyOf({}, { region_id: ['nowhere'] }) }),
    ],
    [
      'invalid_target',
      'audience_not_allowed',
      'an audience that the role does not list',
      async () => ({ audience: 'https://strange.test' }),
    ],
    [
      'invalid_target',
      'audience_not_allowed',
      'the audience of the enrollment token itself',
      async () => ({ audience: ISSUER }),
    ],
    [proof, 'dpop_missing', 'no proof', async () => ({ dpop: undefined })],
    [
      proof,
      'dpop_key_mismatch',
      'a proof of another key',
      async () => ({ dpop: prove({}, other) }),
    ],
    [
      proof,
      'dpop_uri_mismatch',
      'a proof for another call',
      async () => ({ dpop: prove({ htu: `${ISSUER}/v1/enroll` }) }),
    ],
    [
      proof,
      'dpop_method_mismatch',
      'a proof for GET',
      async () => ({ dpop: prove({ htm: 'GET' }) }),
    ],
    [
      proof,
      'dpop_token_mismatch',
      'a proof for another token',
      async () => ({ dpop: prove({ ath: 'x' }) }),
    ],
    [proof, 'dpop_not_in_time', 'an old proof', async () => ({ dpop: prove({ iat: NOW - 61 }) })],
  ])('refuses with %s, as %s: %s', async (error, reason, _, asked) => {
    expect(await exchange(await asked())).toMatchObject({ ok: false, refusal: { error, reason } })
  })

  it.each<[ExchangeReason, string, (ledger: Ledger) => Promise<unknown>]>([
    ['token_revoked', 'the token', (ledger) => revokeToken(ledger, 'parent', NOW)],
    [
      'token_revoked',
      'all tokens of the instance',
      (ledger) => recording(ledger, { revokedUntil: NOW }),
    ],
    [
      'token_before_reset',
      'the instance by a reset',
      (ledger) => recording(ledger, { resetAt: NOW }),
    ],
    [
      'banned',
      'the account by a ban',
      (ledger) =>
        ban(ledger, {
          kind: 'account',
          value: IDENTITY.ownerAccountId,
          reason: 'r',
          by: 'o',
          kid: 'k',
          at: NOW,
        }),
    ],
  ])(
    'refuses as %s after an operator ended %s, and the children are ended as well',
    async (reason, _, end) => {
      const ledger = createMemoryLedger(0)
      const exchanged = await exchange({ ledger })
      if (!exchanged.ok) throw new Error(exchanged.refusal.reason)
      await end(ledger)
      expect(await exchange({ ledger })).toMatchObject({ refusal: { error: grant, reason } })
      const child = tokenSubject(await claimsOf(exchanged.value.accessToken))
      expect(await checkStanding(ledger, child, NOW)).toEqual(refuse(reason))
    },
  )

  const recording = (ledger: Ledger, changes: object) =>
    ledger.compareAndSet(
      {
        key: instanceKey(IDENTITY),
        value: encodeRecords([{ ...unknownInstance(IDENTITY.serialNumber), ...changes }]),
      },
      undefined,
      NOW,
    )

  it('takes each proof once, of fifty at the same time', async () => {
    const ledger = createMemoryLedger(0)
    const dpop = prove()
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => exchange({ ledger, dpop })))
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
    for (const outcome of outcomes) {
      if (!outcome.ok)
        expect(outcome.refusal).toMatchObject({ error: proof, reason: 'dpop_replayed' })
    }
  })

  it('leaves the proof usable where something else is refused', async () => {
    const ledger = createMemoryLedger(0)
    const dpop = prove()
    expect(await exchange({ ledger, dpop, audience: 'https://strange.test' })).toMatchObject({
      ok: false,
    })
    expect(await exchange({ ledger, dpop })).toMatchObject({ ok: true })
  })

  it('gives no token while the ledger is unreachable', async () => {
    const gone = () => Promise.reject(new LedgerUnavailableError('gone'))
    const memory = createMemoryLedger(0)
    await expect(exchange({ ledger: { ...memory, read: gone } })).rejects.toThrow(
      LedgerUnavailableError,
    )
    await expect(exchange({ ledger: { ...memory, compareAndSet: gone } })).rejects.toThrow(
      LedgerUnavailableError,
    )
  })
})
