// What operators do with records: each change as a table, and once more over an entry of the ledger.

import { describe, expect, it } from 'vitest'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import {
  type InstanceRecord,
  decodeRecords,
  encodeRecords,
  instanceKey,
  unknownInstance,
} from '../../../src/registry/instance-record.ts'
import {
  changeInstance,
  findInstance,
  forgetRecord,
  resetRecord,
  revokeRecord,
} from '../../../src/registry/instances.ts'
import { outlivedAt } from '../../../src/registry/lifetimes.ts'

const NOW = 1_000
const NAME = { ownerAccountId: '1', regionId: 'r', instanceId: 'i-1' }
const RECORD: InstanceRecord = {
  serialNumber: 's',
  generation: 2,
  count: 3,
  firstAt: 800,
  lastAt: 900,
  revokedUntil: 0,
  resetAt: 0,
  role: 'worker',
  imageId: 'm-1',
  privateIpv4: '10.0.0.1',
  jkt: 'k',
  jti: 'j',
}

describe('resetRecord()', () => {
  it('raises the generation, notes the time, and lets any key and image in', () => {
    const { jkt: _, jti: __, ...rest } = RECORD
    expect(resetRecord(RECORD, NOW)).toStrictEqual({
      ...rest,
      generation: 3,
      resetAt: NOW,
      jkt: undefined,
      jti: undefined,
    })
  })

  it('never moves the time of a reset back, whichever clock is behind', () => {
    expect(resetRecord({ ...RECORD, resetAt: NOW + 5 }, NOW).resetAt).toBe(NOW + 5)
  })
})

describe('revokeRecord()', () => {
  it.each([
    ['all until now', {}, NOW],
    ['what a clock ahead of this one issued', { lastAt: NOW + 7 }, NOW + 7],
    ['no less than an earlier revocation', { revokedUntil: NOW + 9, lastAt: NOW + 7 }, NOW + 9],
  ])('revokes %s, and changes nothing else', (_, changes, revokedUntil) => {
    const before = { ...RECORD, ...changes }
    expect(revokeRecord(before, NOW)).toStrictEqual({ ...before, revokedUntil })
  })
})

describe('forgetRecord()', () => {
  it('keeps what protects, and nothing that says what the instance was', () => {
    expect(forgetRecord(RECORD, NOW)).toStrictEqual({
      ...unknownInstance('s'),
      generation: 3,
      revokedUntil: NOW,
      resetAt: NOW,
    })
  })

  it('moves neither of its times back', () => {
    const before = { ...RECORD, resetAt: NOW + 5, lastAt: NOW + 6 }
    expect(forgetRecord(before, NOW)).toMatchObject({ resetAt: NOW + 5, revokedUntil: NOW + 6 })
  })
})

/** A ledger that holds these records of the instance. */
const ledgerOf = async (...records: InstanceRecord[]): Promise<Ledger> => {
  const ledger = createMemoryLedger(0)
  if (records.length > 0) {
    const entry = { key: instanceKey(NAME), value: encodeRecords(records) }
    await ledger.compareAndSet(entry, undefined, NOW)
  }
  return ledger
}

const FORGOTTEN = forgetRecord(RECORD, NOW)

describe('findInstance()', () => {
  it.each<[string, InstanceRecord[], object | undefined]>([
    ['no entry', [], undefined],
    ['a forgotten one', [FORGOTTEN], undefined],
    ['one', [RECORD], { ...NAME, ...RECORD }],
    [
      'two of one id, the latest to enroll',
      [RECORD, { ...RECORD, serialNumber: 't', lastAt: 950 }, { ...RECORD, serialNumber: 'u' }],
      { ...NAME, ...RECORD, serialNumber: 't', lastAt: 950 },
    ],
    ['one beside a forgotten one', [{ ...FORGOTTEN, serialNumber: 't' }, RECORD], { ...RECORD }],
  ])('finds of %s', async (_, records, found) => {
    const instance = await findInstance(await ledgerOf(...records), NAME, NOW)
    if (found === undefined) expect(instance).toBeUndefined()
    else expect(instance).toMatchObject(found)
  })
})

describe('changeInstance()', () => {
  const at = (now: number) => () => now

  it('changes what is known, and gives it back', async () => {
    const ledger = await ledgerOf(RECORD)
    const after = resetRecord(RECORD, NOW)
    expect(await changeInstance(ledger, NAME, resetRecord, at(NOW))).toEqual({ ...NAME, ...after })
    expect(await findInstance(ledger, NAME, NOW)).toEqual({ ...NAME, ...after })
  })

  it.each<[string, InstanceRecord[]]>([
    ['an instance that never enrolled', []],
    ['a forgotten one', [FORGOTTEN]],
  ])('gives nothing for %s, and stores nothing', async (_, records) => {
    const ledger = await ledgerOf(...records)
    const before = await ledger.read(instanceKey(NAME), NOW)
    expect(await changeInstance(ledger, NAME, revokeRecord, at(NOW + 1))).toBeUndefined()
    expect(await ledger.read(instanceKey(NAME), NOW)).toBe(before)
  })

  it('changes each known record of the id, and leaves forgotten ones', async () => {
    const other = { ...RECORD, serialNumber: 't', lastAt: 950 }
    const forgotten = { ...FORGOTTEN, serialNumber: 'u' }
    const ledger = await ledgerOf(RECORD, other, forgotten)
    const changed = await changeInstance(ledger, NAME, revokeRecord, at(NOW))
    expect(changed).toMatchObject({ serialNumber: 't', revokedUntil: NOW })
    const records = decodeRecords(await ledger.read(instanceKey(NAME), NOW))
    expect(records).toEqual([revokeRecord(RECORD, NOW), revokeRecord(other, NOW), forgotten])
  })

  it('lets the entry of a forgotten instance expire once nothing of its time is left', async () => {
    const ledger = await ledgerOf(RECORD)
    expect(await changeInstance(ledger, NAME, forgetRecord, at(NOW))).toMatchObject({ count: 0 })
    expect(await ledger.read(instanceKey(NAME), outlivedAt(NOW) - 1)).toBeDefined()
    expect(await ledger.read(instanceKey(NAME), outlivedAt(NOW))).toBeUndefined()
  })

  it('makes the change anew, by the time of then, if an enrollment came between', async () => {
    const memory = await ledgerOf(RECORD)
    const enrolled = { ...RECORD, count: 4, lastAt: NOW + 3 }
    let interrupted = false
    const ledger: Ledger = {
      ...memory,
      async compareAndSet(entry, expected, now) {
        if (!interrupted) {
          interrupted = true
          const next = { key: entry.key, value: encodeRecords([enrolled]) }
          await memory.compareAndSet(next, expected, now)
        }
        return memory.compareAndSet(entry, expected, now)
      },
    }
    const times = [NOW, NOW, NOW, NOW + 5]
    const changed = await changeInstance(ledger, NAME, revokeRecord, () => times.shift() ?? NOW + 5)
    expect(changed).toMatchObject({ count: 4, revokedUntil: NOW + 5 })
  })
})
