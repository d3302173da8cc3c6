// What attests a node: how long a token and a record count, and which of them is needed. `decide-csr.test.ts` has what is
// made of it.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AttestationFacts,
  type AttestationRules,
  addressInExtra,
  attestedAddress,
  canTokenAttest,
} from '../../../../src/admit/kubernetes/attestation.ts'
import { type CsrObject, readCsrObject } from '../../../../src/admit/kubernetes/csr-object.ts'
import { servingCsr } from '../../../support/certificate-requests.ts'

const NODE = 'cn-hangzhou.i-bp1a'
const ADDRESS = '10.0.0.5'
/** When `servingCsr()` says that a request was made. */
const NOW = Date.parse('2026-11-27T12:00:00Z') / 1000
const RULES: AttestationRules = { issuer: 'https://rollcall.test:8443' }
const RECORD = { nodeName: NODE, address: '10.0.0.6', enrolledAt: NOW, isRevoked: false }

const csr = (address?: string): CsrObject => {
  const extra = address === undefined ? {} : { 'rollcall.test/addresses': [address] }
  return readCsrObject(servingCsr(NODE, '', { extra })) as CsrObject
}

const attest = (
  object: CsrObject,
  facts: Partial<AttestationFacts>,
  rules: Partial<AttestationRules> = {},
): string => {
  const result = attestedAddress(object, NODE, { now: NOW, ...facts }, { ...RULES, ...rules })
  return result.ok ? result.value : result.refusal.reason
}

describe('addressInExtra()', () => {
  it.each<[readonly string[] | undefined, string | undefined]>([
    [[ADDRESS], ADDRESS],
    [[ADDRESS, ADDRESS], undefined],
    [['::1'], undefined],
    [[], undefined],
    [undefined, undefined],
  ])('reads %j as %s', (addresses, address) => {
    const extra = addresses === undefined ? {} : { 'rollcall.test/addresses': addresses }
    expect(addressInExtra({ extra }, RULES)).toBe(address)
  })
})

describe('canTokenAttest()', () => {
  it.each<[boolean, string, CsrObject, number]>([
    [true, 'a request with an address, for an hour', csr(ADDRESS), 3600],
    [true, 'a request of a clock that is ahead', csr(ADDRESS), -60],
    [false, 'an older request', csr(ADDRESS), 3601],
    [false, 'a request without an address', csr(), 0],
    [false, 'a request without a time', { ...csr(ADDRESS), createdAt: '' }, 0],
  ])('is %s for %s', (can, _, request, seconds) => {
    expect(canTokenAttest(request, NOW + seconds, RULES)).toBe(can)
  })
})

describe('attestedAddress()', () => {
  it('takes the address of the user for exactly an hour after the request was made', () => {
    for (const seconds of [0, 0.5, 3600]) {
      expect(attest(csr(ADDRESS), { now: NOW + seconds })).toBe(ADDRESS)
    }
    for (const seconds of [-86_400, -0.5, 3600.5, 86_400]) {
      expect(attest(csr(ADDRESS), { now: NOW + seconds })).toBe('AddressUnknown')
    }
  })

  it.each(['', 'now', '2026-11-27', '2026-11-27T12:00:00', '2026-99-99T12:00:00Z'])(
    'takes no address of a user whose request has the time "%s"',
    (createdAt) => {
      expect(attest({ ...csr(ADDRESS), createdAt }, {})).toBe('AddressUnknown')
    },
  )

  it('takes the record of an older request, and of a user without an address', () => {
    const later = NOW + 7200
    const record = { ...RECORD, enrolledAt: later - 60 }
    expect(attest(csr(ADDRESS), { now: later, record })).toBe(RECORD.address)
    expect(attest(csr(), { record: RECORD })).toBe(RECORD.address)
  })

  it('needs a record for each node if the rules say so', () => {
    const needed = { needsRecord: true }
    const own = { ...RECORD, address: ADDRESS }
    expect(attest(csr(ADDRESS), {}, needed)).toBe('AddressUnknown')
    expect(attest(csr(ADDRESS), { record: own }, needed)).toBe(ADDRESS)
    expect(attest(csr(ADDRESS), { record: { ...own, isRevoked: true } }, needed)).toBe(
      'RecordRevoked',
    )
    expect(attest(csr(ADDRESS), { record: 'ServiceUnavailable' }, needed)).toBe(
      'ServiceUnavailable',
    )
  })

  it('takes the newer address of a record, and an old record only with the address of the token', () => {
    const needed = { needsRecord: true }
    const old = { ...RECORD, enrolledAt: NOW - 86_400 }
    expect(attest(csr(ADDRESS), { record: RECORD }, needed)).toBe(RECORD.address)
    expect(attest(csr(ADDRESS), { record: old }, needed)).toBe('RecordTooOld')
    expect(attest(csr(ADDRESS), { record: { ...old, address: ADDRESS } }, needed)).toBe(ADDRESS)
  })

  it('attests nothing by a revoked record or the record of another node, at any time', () => {
    const property = fc.property(
      fc.integer({ min: -100_000, max: 100_000 }),
      fc.constantFrom({ isRevoked: true }, { nodeName: 'cn-hangzhou.i-bp1b' }),
      fc.constantFrom(undefined, ADDRESS, RECORD.address),
      (seconds, change, address) => {
        const facts = { now: NOW + seconds, record: { ...RECORD, ...change } }
        expect(attest(csr(address), facts, { needsRecord: true })).toMatch(
          /^(?:RecordRevoked|NotEnrolled)$/,
        )
      },
    )
    fc.assert(property, { numRuns: 200, seed: 20_261_127 })
  })
})
