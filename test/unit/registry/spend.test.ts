// Spending a challenge: once for one piece of evidence, and the result of a retry.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { LedgerFormatError, LedgerUnavailableError } from '../../../src/base/errors.ts'
import { accept, refuse } from '../../../src/base/result.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { jtiOf, spendChallenge } from '../../../src/registry/spend.ts'
import { WEB_CRYPTO } from '../../../src/base/crypto.ts'

const NOW = 1_800_000_000
const ID = Uint8Array.from({ length: 20 }, (_, at) => at)
const CHALLENGE = { id: ID, jti: jtiOf(ID, WEB_CRYPTO), expiresAt: NOW + 120 }
const OTHER = { ...CHALLENGE, id: ID.with(0, 1) }
const RECORD = { generation: 2, count: 3, resetAt: 0 }
const KEY = `challenge:${Buffer.from(CHALLENGE.id).toString('base64url')}`

const spend = (ledger: Ledger, digest = 'd', now = NOW, record = RECORD, challenge = CHALLENGE) =>
  spendChallenge(ledger, challenge, digest, record, now)

describe('jtiOf()', () => {
  it('is the first 16 bytes of a hash of the challenge, and says nothing of it', () => {
    const hash = createHash('sha256').update('rollcall-jti-v1\n').update(CHALLENGE.id).digest()
    expect(jtiOf(CHALLENGE.id, WEB_CRYPTO)).toBe(hash.subarray(0, 16).toString('base64url'))
    expect(jtiOf(CHALLENGE.id, WEB_CRYPTO)).toHaveLength(22)
    expect(jtiOf(OTHER.id, WEB_CRYPTO)).not.toBe(jtiOf(CHALLENGE.id, WEB_CRYPTO))
  })
})

describe('spendChallenge()', () => {
  const first = { jti: jtiOf(CHALLENGE.id, WEB_CRYPTO), issuedAt: NOW, generation: 2, count: 3 }

  it('spends a challenge, and tells a retry what it was spent on', async () => {
    const ledger = createMemoryLedger(0)
    expect(await spend(ledger)).toEqual(accept({ ...first, retry: false }))
    // The record may have changed since: a retry is judged by what was there at first.
    const later = await spend(ledger, 'd', NOW + 5, { generation: 7, count: 9, resetAt: 0 })
    expect(later).toEqual(accept({ ...first, retry: true }))
  })

  it('issues the token in a later second than a reset by a clock that is ahead, also on a retry', async () => {
    const ledger = createMemoryLedger(0)
    const reset = { ...RECORD, resetAt: NOW + 2 }
    const issuedAt = NOW + 3
    expect(await spend(ledger, 'd', NOW, reset)).toEqual(
      accept({ ...first, issuedAt, retry: false }),
    )
    expect(await spend(ledger, 'd', NOW + 9)).toEqual(accept({ ...first, issuedAt, retry: true }))
    const earlier = { ...RECORD, resetAt: NOW - 1 }
    expect(await spend(createMemoryLedger(0), 'd', NOW, earlier)).toMatchObject(
      accept({ issuedAt: NOW }),
    )
  })

  it('refuses other evidence, then or later', async () => {
    const ledger = createMemoryLedger(0)
    await spend(ledger)
    for (const now of [NOW, NOW + 239]) {
      expect(await spend(ledger, 'e', now)).toEqual(refuse('challenge_spent'))
    }
    expect(await spend(ledger, 'd', NOW + 239)).toMatchObject(accept({ retry: true }))
  })

  it('spends each challenge for itself', async () => {
    const ledger = createMemoryLedger(0)
    await spend(ledger)
    expect(await spend(ledger, 'e', NOW, RECORD, OTHER)).toMatchObject(accept({ retry: false }))
  })

  it('stores a challenge until 120 s after its expiry', async () => {
    const ledger = createMemoryLedger(0)
    await spend(ledger)
    expect(await ledger.read(KEY, NOW + 239)).toBe(`1 ${NOW} d 2 3`)
    expect(await ledger.read(KEY, NOW + 240)).toBeUndefined()
  })

  it('gives one of many calls at once the challenge, and the others a retry', async () => {
    const ledger = createMemoryLedger(0)
    const all = await Promise.all(Array.from({ length: 20 }, () => spend(ledger)))
    expect(all.filter((spent) => spent.ok && !spent.value.retry)).toHaveLength(1)
    expect(all.filter((spent) => spent.ok && spent.value.retry)).toHaveLength(19)
  })

  it.each<[string, string | undefined, Error | typeof LedgerFormatError]>([
    ['has just been removed', undefined, new LedgerUnavailableError('a spent challenge is gone')],
    ['was stored by another release', '2 x', LedgerFormatError],
    ['has no format', '', LedgerFormatError],
  ])('refuses to guess where the entry %s', async (_, value, error) => {
    const ledger: Ledger = {
      ...createMemoryLedger(0),
      compareAndSet: async () => ({ stored: false, value }),
    }
    await expect(spend(ledger)).rejects.toThrow(error)
  })
})
