// Records as they are stored: whatever a document allows comes back as it was.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type InstanceRecord,
  decodeRecords,
  encodeRecords,
  instanceKey,
  instanceNameOf,
  recordOf,
  unknownInstance,
  withRecord,
} from '../../../src/registry/instance-record.ts'
import { ROLE_PATTERN } from '../../../src/policy/policy.ts'

/** The fields as documents have them. */
const serialNumber = fc.stringMatching(/^[A-Za-z0-9-]{1,48}$/)
const imageId = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9._-]{1,96}$/),
  fc.constantFrom('-', '--', '.', '_', '0', 'undefined', 'null'),
)
const thumbprint = fc.stringMatching(/^[A-Za-z0-9_-]{43}$/)
const jti = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/)
const time = fc.integer({ min: 0, max: 2 ** 40 })

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined })

const instanceRecord: fc.Arbitrary<InstanceRecord> = fc.record({
  serialNumber,
  generation: fc.nat(),
  count: fc.nat(),
  firstAt: time,
  lastAt: time,
  revokedUntil: time,
  resetAt: time,
  role: optional(fc.stringMatching(ROLE_PATTERN)),
  imageId: optional(imageId),
  privateIpv4: optional(fc.ipV4()),
  jkt: optional(thumbprint),
  jti: optional(jti),
})
const instanceRecords = fc.uniqueArray(instanceRecord, {
  minLength: 1,
  maxLength: 5,
  selector: (record) => record.serialNumber,
})

const LONGEST_VALUE_BYTES = 4096

describe('encodeRecords()', () => {
  it('is undone by decodeRecords(), for any records', () => {
    fc.assert(
      fc.property(instanceRecords, (records) => {
        expect(decodeRecords(encodeRecords(records))).toEqual(records)
      }),
      { numRuns: 2_000 },
    )
  })

  it('gives another text for other records', () => {
    fc.assert(
      fc.property(instanceRecords, instanceRecords, (a, b) => {
        const alike = JSON.stringify(a) === JSON.stringify(b)
        expect(encodeRecords(a) === encodeRecords(b)).toBe(alike)
      }),
      { numRuns: 2_000 },
    )
  })

  it('fits eleven of the longest records into an entry of the ledger', () => {
    const longest = (i: number): InstanceRecord => ({
      serialNumber: String(i).padStart(48, '0'),
      generation: 999_999,
      count: 999_999,
      firstAt: 9_999_999_999,
      lastAt: 9_999_999_999,
      revokedUntil: 9_999_999_999,
      resetAt: 9_999_999_999,
      role: 'r'.repeat(63),
      imageId: 'm'.repeat(96),
      privateIpv4: '255.255.255.255',
      jkt: 'k'.repeat(43),
      jti: 'j'.repeat(22),
    })
    const records = Array.from({ length: 11 }, (_, i) => longest(i))
    expect(Buffer.byteLength(encodeRecords(records))).toBeLessThanOrEqual(LONGEST_VALUE_BYTES)
  })
})

describe('decodeRecords()', () => {
  it('finds none where there is no entry', () => {
    expect(decodeRecords(undefined)).toEqual([])
  })
})

describe('recordOf() and withRecord()', () => {
  it('find and replace the record of one serial number, and touch no other', () => {
    fc.assert(
      fc.property(instanceRecords, instanceRecord, (records, record) => {
        const others = records.filter((each) => each.serialNumber !== record.serialNumber)
        const after = decodeRecords(encodeRecords(withRecord(records, record)))
        expect(recordOf(after, record.serialNumber)).toEqual(record)
        for (const other of others) expect(recordOf(after, other.serialNumber)).toEqual(other)
        expect(after).toHaveLength(others.length + 1)
      }),
    )
  })

  it('know nothing of a serial number that is another in a single letter’s case', () => {
    const record = { ...unknownInstance('Serial'), count: 1, jti: 'x'.repeat(22) }
    expect(recordOf([record], 'serial')).toEqual(unknownInstance('serial'))
    expect(withRecord([record], unknownInstance('serial'))).toHaveLength(2)
  })
})

describe('instanceKey()', () => {
  const name = fc.record({
    ownerAccountId: fc.stringMatching(/^[0-9]{1,20}$/),
    regionId: fc.stringMatching(/^[a-z0-9-]{1,40}$/),
    instanceId: fc.stringMatching(/^[a-z]{1,4}-[a-z0-9]{1,40}$/),
  })

  it('is undone by instanceNameOf(), so no two instances share a key', () => {
    fc.assert(
      fc.property(name, (each) => {
        expect(instanceNameOf(instanceKey(each))).toEqual(each)
      }),
      { numRuns: 2_000 },
    )
  })
})
