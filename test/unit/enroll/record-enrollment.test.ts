// The record in the ledger: what it refuses before anything is spent, and what is stored afterwards.

import { describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../src/base/result.ts'
import {
  checkInstance,
  readInstance,
  recordEnrollment,
} from '../../../src/enroll/record-enrollment.ts'
import { LedgerFormatError } from '../../../src/base/errors.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { readIdentityDocument } from '../../../src/codec/identity-document.ts'
import type { Candidate } from '../../../src/enroll/first-use.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import type { Reenrollment } from '../../../src/policy/policy.ts'
import {
  type InstanceRecord,
  decodeRecords,
  encodeRecords,
  instanceKey,
  unknownInstance,
} from '../../../src/registry/instance-record.ts'
import { revokeToken } from '../../../src/registry/revocation.ts'
import { documentText } from '../../support/test-cloud.ts'

const NOW = 1_000
const IDENTITY = { ...readIdentityDocument(utf8(documentText())), trustAnchor: 'a', digest: 'd' }
const NEW = unknownInstance(IDENTITY.serialNumber)
const ENROLLED: InstanceRecord = {
  ...NEW,
  count: 1,
  firstAt: 900,
  lastAt: 900,
  role: 'worker',
  imageId: 'm-1',
  privateIpv4: '10.0.0.1',
  jkt: 'key',
  jti: 'first',
}
const OTHER = { ...ENROLLED, serialNumber: 'other' }

const candidate = (
  record: InstanceRecord,
  reenrollment: Reenrollment,
  changes: Partial<Candidate> = {},
): Candidate => {
  const { generation, count } = record
  const spent = { jti: 'second', issuedAt: NOW, generation, count, retry: false, ...changes.spent }
  const rest = { imageId: 'm-1', privateIpv4: '10.0.0.1', jkt: 'key', madeAt: NOW - 10, now: NOW }
  return { role: { name: 'worker', reenrollment }, ...rest, ...changes, jti: spent.jti, spent }
}

const ledgerOf = async (...records: InstanceRecord[]): Promise<Ledger> => {
  const ledger = createMemoryLedger(0)
  if (records.length > 0) {
    const entry = { key: instanceKey(IDENTITY), value: encodeRecords(records) }
    await ledger.compareAndSet(entry, undefined, NOW)
  }
  return ledger
}
const stored = async (ledger: Ledger) =>
  decodeRecords(await ledger.read(instanceKey(IDENTITY), NOW))

describe('readInstance()', () => {
  it.each<[string, InstanceRecord[], InstanceRecord]>([
    ['no entry', [], NEW],
    ['an entry of another serial number', [OTHER], NEW],
    ['its own record beside another', [OTHER, ENROLLED], ENROLLED],
  ])('gives the record of this serial number: %s', async (_, records, record) => {
    const known = await readInstance(await ledgerOf(...records), IDENTITY, NOW)
    expect(known.record).toEqual(record)
    expect(known.value).toBe(records.length === 0 ? undefined : encodeRecords(records))
  })

  it('refuses to guess what another release wrote', async () => {
    const ledger = createMemoryLedger(0)
    await ledger.compareAndSet({ key: instanceKey(IDENTITY), value: '2 x' }, undefined, NOW)
    await expect(readInstance(ledger, IDENTITY, NOW)).rejects.toThrow(LedgerFormatError)
  })
})

const rule = 'roles.worker.reenrollment'

describe('checkInstance()', () => {
  it.each<[string, Partial<InstanceRecord>, Reenrollment, Partial<Candidate>, object]>([
    [
      'revoked_just_now',
      { revokedUntil: NOW },
      'always',
      {},
      { code: 'unavailable', reason: 'revoked_just_now' },
    ],
    [
      'revoked_just_now, by a clock that is ahead',
      { revokedUntil: NOW + 5 },
      'never',
      {},
      { code: 'unavailable', reason: 'revoked_just_now' },
    ],
    [
      'challenge_before_reset',
      { resetAt: NOW - 10 },
      'always',
      {},
      { code: 'invalid_evidence', reason: 'challenge_before_reset' },
    ],
    [
      'already_enrolled',
      {},
      'never',
      {},
      { code: 'not_admitted', reason: 'already_enrolled', disclosed: 'already_enrolled', rule },
    ],
    [
      'key_not_the_first',
      {},
      'same_key',
      { jkt: 'other' },
      { code: 'not_admitted', reason: 'key_not_the_first', disclosed: 'key_changed', rule },
    ],
    [
      'image_not_new',
      {},
      'new_image',
      {},
      { code: 'not_admitted', reason: 'image_not_new', disclosed: 'image_unchanged', rule },
    ],
  ])('refuses as %s', (_, record, reenrollment, changes, refusal) => {
    const known = { value: 'x', record: { ...ENROLLED, ...record } }
    expect(checkInstance(known, candidate(known.record, reenrollment, changes))).toEqual(
      refuse(refusal),
    )
  })

  it.each<[string, InstanceRecord, Reenrollment, Partial<Candidate>]>([
    ['a new instance', NEW, 'never', {}],
    ['the second after a revocation', { ...ENROLLED, revokedUntil: NOW - 1 }, 'always', {}],
    ['the second after a reset', { ...ENROLLED, resetAt: NOW - 11, jti: undefined }, 'never', {}],
    ['the same key', ENROLLED, 'same_key', {}],
    ['another image', ENROLLED, 'new_image', { imageId: 'm-2' }],
    [
      'the retry of the latest enrollment',
      ENROLLED,
      'never',
      { spent: { jti: 'first', issuedAt: 900, generation: 0, count: 0, retry: true } },
    ],
  ])('lets %s go on', (_, record, reenrollment, changes) => {
    const applicant = candidate(record, reenrollment, changes)
    expect(checkInstance({ value: 'x', record }, applicant)).toEqual(accept(record))
  })
})

describe('recordEnrollment()', () => {
  it('stores the record beside those of other serial numbers', async () => {
    const ledger = await ledgerOf(OTHER)
    const known = await readInstance(ledger, IDENTITY, NOW)
    await recordEnrollment(ledger, IDENTITY, known, candidate(NEW, 'never'))
    expect(await stored(ledger)).toEqual([
      OTHER,
      expect.objectContaining({ serialNumber: IDENTITY.serialNumber, count: 1, jti: 'second' }),
    ])
  })

  it('stores nothing for a refusal', async () => {
    const ledger = await ledgerOf(ENROLLED)
    const known = await readInstance(ledger, IDENTITY, NOW)
    const refused = await recordEnrollment(ledger, IDENTITY, known, candidate(ENROLLED, 'never'))
    expect(JSON.stringify(refused)).toContain('"already_enrolled"')
    expect(await stored(ledger)).toEqual([ENROLLED])
  })

  it('judges anew what has changed since it was read', async () => {
    const ledger = await ledgerOf()
    const known = await readInstance(ledger, IDENTITY, NOW)
    const first = candidate(NEW, 'never', { spent: { ...candidate(NEW, 'never').spent, jti: 'x' } })
    await recordEnrollment(ledger, IDENTITY, known, first)
    const second = await recordEnrollment(ledger, IDENTITY, known, candidate(NEW, 'never'))
    expect(JSON.stringify(second)).toContain('"already_enrolled"')
    expect(await stored(ledger)).toMatchObject([{ count: 1, jti: 'x' }])
  })

  const retry = { jti: 'first', issuedAt: 900, generation: 0, count: 0, retry: true }

  it('reads the entry anew for a retry, and stores nothing', async () => {
    const ledger = await ledgerOf(ENROLLED)
    const stale = { value: undefined, record: NEW }
    const again = candidate(NEW, 'never', { spent: retry })
    const recorded = await recordEnrollment(ledger, IDENTITY, stale, again)
    expect(JSON.stringify(recorded)).toContain('"jti":"first"')
    expect(await stored(ledger)).toEqual([ENROLLED])
  })

  it('refuses a retry whose token was revoked alone, or with all of its instance', async () => {
    const again = candidate(ENROLLED, 'always', { spent: retry })
    const alone = await ledgerOf(ENROLLED)
    await revokeToken(alone, 'first', NOW)
    const all = await ledgerOf({ ...ENROLLED, revokedUntil: 900 })
    for (const ledger of [alone, all]) {
      const known = await readInstance(ledger, IDENTITY, NOW)
      const refused = await recordEnrollment(ledger, IDENTITY, known, again)
      expect(JSON.stringify(refused)).toContain('"enrollment_revoked"')
    }
  })
})
