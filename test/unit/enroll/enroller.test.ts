// The protocol's order, retries, and what happens when the ledger is down.

import { describe, expect, it } from 'vitest'
import { type EnrollerOptions, createEnroller } from '../../../src/enroll/enroller.ts'
import type { Enrollment } from '../../../src/enroll/enrollment.ts'
import type { CryptoPort } from '../../../src/base/crypto.ts'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import type { Ledger, LedgerEntry } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { parseTrustAnchors } from '../../../src/index.ts'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import {
  CLUSTER,
  ISSUER,
  LIFETIME_SECONDS,
  ROLE,
  admitting,
  claimsOf,
  createTestEnroller,
} from '../../support/test-enroller.ts'
import { CRYPTO_PORTS } from '../../support/every-crypto.ts'
import { createOpensslCloud } from '../../support/openssl.ts'
import { requireTool } from '../../support/requirements.ts'
import {
  DOCUMENT_FIELDS,
  type TestCloud,
  documentText,
  withAudience,
} from '../../support/test-cloud.ts'

const now = Math.floor(Date.now() / 1000)

const accepted = (enrollment: Enrollment): Enrollment & { ok: true } => {
  if (!enrollment.ok) throw new Error(`refused: ${enrollment.facts.reason}`)
  return enrollment
}

/** A memory that can be looked into. */
const openLedger = (): { ledger: Ledger; entries: LedgerEntry[] } => {
  const memory = createMemoryLedger(0)
  const entries: LedgerEntry[] = []
  return {
    entries,
    ledger: {
      ...memory,
      compareAndSet(entry, expected, at) {
        entries.push(entry)
        return memory.compareAndSet(entry, expected, at)
      },
    },
  }
}

describe.each(CRYPTO_PORTS)('enroll() with %s', (_, crypto) => {
  const create = (changes: Partial<EnrollerOptions> = {}, cloud?: TestCloud) =>
    createTestEnroller({ crypto, ...changes }, cloud)

  it('gives a token that says who, for whom, as what and how fresh', async () => {
    const { enroller, evidence } = await create()
    const { audience } = await enroller.challenge({ role: ROLE }, now)
    const answer = accepted(await enroller.enroll({ ...evidence(audience), role: ROLE }, now))
    expect(answer).toMatchObject({ tokenType: 'Bearer', expiresIn: 300, role: ROLE })
    expect(claimsOf(answer.accessToken)).toEqual({
      iss: ISSUER,
      sub: `acs:ecs:cn-hangzhou:1609123456789012:instance/${DOCUMENT_FIELDS['instance-id']}`,
      aud: [CLUSTER, 'https://vault.example'],
      iat: now,
      nbf: now - 30,
      exp: now + 300,
      jti: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      acr: 'urn:rollcall:freshness:challenge',
      role: ROLE,
      ecs: {
        owner_account_id: DOCUMENT_FIELDS['owner-account-id'],
        instance_id: DOCUMENT_FIELDS['instance-id'],
        region_id: DOCUMENT_FIELDS['region-id'],
        zone_id: DOCUMENT_FIELDS['zone-id'],
        instance_type: DOCUMENT_FIELDS['instance-type'],
        image_id: DOCUMENT_FIELDS['image-id'],
        private_ipv4: DOCUMENT_FIELDS['private-ipv4'],
        mac: DOCUMENT_FIELDS.mac,
        serial_number: DOCUMENT_FIELDS['serial-number'],
      },
    })
  })

  it('accepts evidence that the openssl command made, with a certificate like the real one', async (context) => {
    requireTool(context, 'openssl', 'apt-get install openssl')
    const openssl = await createOpensslCloud()
    try {
      const trustAnchors = await parseTrustAnchors(openssl.certificatePem)
      const { enroller } = await create({ trustAnchors })
      // Its certificate is valid from now on, not from when this file was loaded.
      const made = Math.floor(Date.now() / 1000)
      const { audience } = await enroller.challenge({}, made)
      const document = documentText()
      const der = await openssl.sign(withAudience(document, audience))
      const pkcs7 = Buffer.from(der).toString('base64')
      accepted(await enroller.enroll({ document, pkcs7 }, made))
    } finally {
      openssl.close()
    }
  })

  it('gives a retry the same jti, iat and exp, and less time', async () => {
    const { enroller, evidence } = await create()
    const { audience } = await enroller.challenge({}, now)
    const posted = evidence(audience)
    const first = accepted(await enroller.enroll(posted, now))
    const again = accepted(await enroller.enroll(posted, now + 7))
    expect(claimsOf(again.accessToken)).toEqual(claimsOf(first.accessToken))
    expect(again.expiresIn).toBe(first.expiresIn - 7)
    expect([first.facts.retry, again.facts.retry]).toEqual([false, true])
  })

  it('refuses a retry once the challenge has expired', async () => {
    const { enroller, evidence } = await create()
    const { audience } = await enroller.challenge({}, now)
    const posted = evidence(audience)
    accepted(await enroller.enroll(posted, now))
    const late = await enroller.enroll(posted, now + LIFETIME_SECONDS)
    expect(late).toMatchObject({ code: 'invalid_evidence', facts: { reason: 'challenge_expired' } })
  })

  it('asks the policy again for a retry', async () => {
    const { options, enroller, evidence } = await create()
    const { audience } = await enroller.challenge({}, now)
    const posted = evidence(audience)
    accepted(await enroller.enroll(posted, now))
    const policy = parsePolicy(admitting({ region_id: ['cn-beijing'] }))
    const stricter = await createEnroller({ ...options, policy })
    const again = await stricter.enroll(posted, now)
    expect(again).toMatchObject({ code: 'not_admitted', facts: { reason: 'no_role_matches' } })
  })

  it('refuses other content under a spent challenge at any time', async () => {
    const { enroller, evidence } = await create()
    const { audience } = await enroller.challenge({}, now)
    accepted(await enroller.enroll(evidence(audience), now))
    const other = evidence(audience, { 'image-id': 'another.vhd' })
    for (const at of [now, now + LIFETIME_SECONDS - 1]) {
      const answer = await enroller.enroll(other, at)
      expect(answer).toMatchObject({ facts: { reason: 'challenge_spent' } })
    }
  })

  it('stores nothing for an account that no role names', async () => {
    const { ledger, entries } = openLedger()
    const { enroller, evidence } = await create({ ledger })
    const { audience } = await enroller.challenge({}, now)
    const stranger = evidence(audience, { 'owner-account-id': '9999999999999999' })
    const answer = await enroller.enroll(stranger, now)
    expect(answer).toMatchObject({ code: 'not_admitted', facts: { reason: 'account_not_allowed' } })
    expect(entries).toEqual([])
  })

  it('asks the ledger nothing for what the policy refuses, and leaves the challenge unspent', async () => {
    const { ledger, entries } = openLedger()
    const policy = parsePolicy(admitting({ region_id: ['cn-beijing'] }))
    const { options, enroller, evidence } = await create({ ledger, policy })
    const { audience } = await enroller.challenge({}, now)
    const posted = evidence(audience)
    expect(await enroller.enroll(posted, now)).toMatchObject({
      code: 'not_admitted',
      disclosed: 'no_role_matches',
      facts: { rule: `roles.${ROLE}.match.region_id`, field: 'region_id' },
    })
    expect(entries).toEqual([])
    const wider = await createEnroller({ ...options, policy: parsePolicy(admitting({})) })
    expect(accepted(await wider.enroll(posted, now)).facts.retry).toBe(false)
  })

  it('keeps a spent challenge for 120 s after its expiry, and no token', async () => {
    const { ledger, entries } = openLedger()
    const { enroller, evidence } = await create({ ledger })
    const { audience } = await enroller.challenge({}, now)
    const { accessToken } = accepted(await enroller.enroll(evidence(audience), now))
    expect(entries[0]?.expiresAt).toBe(now + LIFETIME_SECONDS + 120)
    const kept = JSON.stringify(entries)
    for (const part of accessToken.split('.')) expect(kept).not.toContain(part)
    expect(JSON.stringify(entries[0])).not.toContain(String(claimsOf(accessToken)['jti']))
  })

  it('makes the token for one audience of the role if a resource is asked for', async () => {
    const { enroller, evidence } = await create()
    const { audience } = await enroller.challenge({}, now)
    const posted = { ...evidence(audience), resource: CLUSTER }
    const { accessToken } = accepted(await enroller.enroll(posted, now))
    expect(claimsOf(accessToken)['aud']).toEqual([CLUSTER])
  })

  it('refuses a resource that the role does not have as an audience', async () => {
    const { enroller, evidence } = await create()
    const { audience } = await enroller.challenge({}, now)
    const posted = { ...evidence(audience), resource: 'https://other.example' }
    const answer = await enroller.enroll(posted, now)
    expect(answer).toMatchObject({
      code: 'not_admitted',
      facts: { reason: 'resource_not_allowed' },
    })
  })

  it('refuses while the ledger is down, gives no token, and loses nothing', async () => {
    const memory = createMemoryLedger(0)
    let down = true
    const ledger: Ledger = {
      ...memory,
      async compareAndSet(entry, expected, at) {
        // As a store that takes the entry and whose answer is lost: the worst case.
        const swap = await memory.compareAndSet(entry, expected, at)
        if (down) throw new LedgerUnavailableError('gone')
        return swap
      },
    }
    const { enroller, evidence } = await create({ ledger })
    const { audience } = await enroller.challenge({}, now)
    const posted = evidence(audience)
    const refused = await enroller.enroll(posted, now)
    expect(refused).toEqual({
      ok: false,
      code: 'unavailable',
      facts: expect.objectContaining({ reason: 'ledger_unavailable' }),
    })
    down = false
    accepted(await enroller.enroll(posted, now + 5))
  })

  it('refuses a challenge made before a ledger in memory began', async () => {
    const { options, enroller, evidence, cloud } = await create()
    const { audience } = await enroller.challenge({}, now)
    const restarted = { ...options, ledger: createMemoryLedger(now + 1) }
    const after = await create(restarted, cloud)
    const answer = await after.enroller.enroll(evidence(audience), now + 1)
    expect(answer).toMatchObject({ facts: { reason: 'challenge_before_ledger' } })
    const fresh = await after.enroller.challenge({}, now)
    accepted(await after.enroller.enroll(evidence(fresh.audience), now + 1))
  })

  it('accepts detached content if the challenge is posted with it', async () => {
    const { enroller, evidence } = await create()
    const { audience } = await enroller.challenge({}, now)
    const detached = evidence(audience, {}, { detached: true })
    accepted(await enroller.enroll({ ...detached, audience }, now))
    const answer = await enroller.enroll(detached, now)
    expect(answer).toMatchObject({ code: 'invalid_evidence' })
  })
})

describe('createEnroller()', () => {
  it('refuses an empty set of trust anchors', async () => {
    await expect(createTestEnroller({ trustAnchors: [] })).rejects.toThrow(RangeError)
  })

  it('refuses challenges that live longer than what is forgotten is kept', async () => {
    await createTestEnroller({ challengeLifetimeSeconds: 3600 })
    await expect(createTestEnroller({ challengeLifetimeSeconds: 3601 })).rejects.toThrow(RangeError)
  })

  describe.each(CRYPTO_PORTS)('with %s', (_, crypto) => {
    /** Cryptography that refuses signatures of one hash, as the OpenSSL of some distributions does. */
    const without = (refused: string): CryptoPort => ({
      ...crypto,
      rsaVerifier(spki, hash) {
        if (hash === refused) throw new Error('invalid digest')
        return crypto.rsaVerifier(spki, hash)
      },
    })

    it('refuses cryptography without SHA-1, and says what to do, unless SHA-1 is off', async () => {
      const changes = { crypto: without('SHA-1') }
      await expect(createTestEnroller(changes)).rejects.toMatchObject({
        name: 'ConfigurationError',
        message: expect.stringMatching(/SHA-1.*rh-allow-sha1-signatures/) as string,
      })
      await createTestEnroller({ ...changes, allowSha1: false })
    })

    it('refuses cryptography that accepts a signature of another message', async () => {
      const accepting: CryptoPort = { ...crypto, rsaVerifier: () => () => true }
      await expect(createTestEnroller({ crypto: accepting })).rejects.toMatchObject({
        problems: [expect.stringContaining('fails to verify a known RSA signature')],
      })
    })

    it('with importKeys "when used" fails at each enrollment and gives no token, not at the start', async () => {
      const [one, two] = await Promise.all([
        generateSigningKeys('ES256'),
        generateSigningKeys('ES256'),
      ])
      const mixed = { keys: [{ ...one.keys[0], d: two.keys[0]?.d }] }
      const importKeys = 'when used'
      await expect(parseSigningKeys(mixed, { crypto })).rejects.toThrow(/does not match/)
      const signingKeys = await parseSigningKeys(mixed, { crypto, importKeys })
      await expect(createTestEnroller({ signingKeys, crypto })).rejects.toThrow(/does not match/)

      const ledger = openLedger()
      const tested = await createTestEnroller({
        ledger: ledger.ledger,
        signingKeys,
        crypto,
        importKeys,
      })
      const { audience } = await tested.enroller.challenge({}, now)
      for (let i = 0; i < 2; i++) {
        await expect(tested.enroller.enroll(tested.evidence(audience), now)).rejects.toMatchObject({
          problems: ['keys.0: the private part is not valid, or does not match the public key'],
        })
      }
      expect(ledger.entries).toEqual([])
    })

    it('with importKeys "when used" enrolls once the platform imports a key that it refused before', async () => {
      const importKeys = 'when used'
      let failures = 1
      const failing: CryptoPort = {
        ...crypto,
        signer(jwk, alg) {
          if (failures-- > 0) throw new Error('busy')
          return crypto.signer(jwk, alg)
        },
      }
      const tested = await createTestEnroller({ crypto: failing, importKeys })
      const { audience } = await tested.enroller.challenge({}, now)
      const enroll = () => tested.enroller.enroll(tested.evidence(audience), now)
      await expect(enroll()).rejects.toThrow(/configuration is not valid/)
      expect(await enroll()).toMatchObject({ ok: true, facts: { retry: false } })
    })

    it('with importKeys "when used" enrolls with keys that are good, and asks for SHA-1 first', async () => {
      const importKeys = 'when used'
      const good = await createTestEnroller({ crypto, importKeys })
      const { audience } = await good.enroller.challenge({}, now)
      expect(await good.enroller.enroll(good.evidence(audience), now)).toMatchObject({ ok: true })

      const bad = await createTestEnroller({ crypto: without('SHA-1'), importKeys })
      const challenge = await bad.enroller.challenge({}, now)
      await expect(bad.enroller.enroll(bad.evidence(challenge.audience), now)).rejects.toThrow(
        /SHA-1/,
      )
    })
  })
})
