// Standing: each thing that ends a token, for enrollment tokens and for those that were exchanged for them.

import { describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { accept, refuse } from '../../../src/base/result.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { type BanKind, ban } from '../../../src/registry/bans.ts'
import {
  type InstanceRecord,
  encodeRecords,
  instanceKey,
  unknownInstance,
} from '../../../src/registry/instance-record.ts'
import { revokeToken } from '../../../src/registry/revocation.ts'
import { type StandingRefusal, checkStanding } from '../../../src/registry/standing.ts'

const NOW = 1_800_000_000
const SUBJECT = {
  ownerAccountId: '1',
  regionId: 'r',
  instanceId: 'i-1',
  imageId: 'm-1',
  serialNumber: 's',
  jti: 'child',
  enrollmentJti: 'parent',
  enrolledAt: NOW - 100,
}

const recording = (changes: Partial<InstanceRecord>) => (ledger: Ledger) =>
  ledger.compareAndSet(
    { key: instanceKey(SUBJECT), value: encodeRecords([{ ...unknownInstance('s'), ...changes }]) },
    undefined,
    NOW,
  )
const banning = (kind: BanKind, value: string) => (ledger: Ledger) =>
  ban(ledger, { kind, value, reason: 'r', by: 'o', kid: 'k', at: NOW })

describe('checkStanding()', () => {
  it.each<[string, (ledger: Ledger) => Promise<unknown>]>([
    ['of which nothing is stored', async () => undefined],
    ['enrolled after a revocation', recording({ revokedUntil: NOW - 101 })],
    ['enrolled after a reset', recording({ resetAt: NOW - 101 })],
    ['of another jti than the one revoked', (ledger) => revokeToken(ledger, 'x', NOW)],
    ['of another instance than the one banned', banning('instance', 'i-2')],
  ])('accepts a token %s', async (_, prepare) => {
    const ledger = createMemoryLedger(0)
    await prepare(ledger)
    expect(await checkStanding(ledger, SUBJECT, NOW)).toMatchObject({ ok: true })
  })

  it.each<[StandingRefusal, string, (ledger: Ledger) => Promise<unknown>]>([
    ['token_revoked', 'that was revoked', (ledger) => revokeToken(ledger, 'child', NOW)],
    [
      'token_revoked',
      'whose enrollment token was revoked',
      (ledger) => revokeToken(ledger, 'parent', NOW),
    ],
    [
      'token_revoked',
      'enrolled in the second of a revocation',
      recording({ revokedUntil: NOW - 100 }),
    ],
    ['token_before_reset', 'enrolled in the second of a reset', recording({ resetAt: NOW - 100 })],
    ['banned', 'of a banned account', banning('account', '1')],
    ['banned', 'of a banned image', banning('image', 'm-1')],
    ['banned', 'of a banned instance', banning('instance', 'i-1')],
  ])('refuses as %s a token %s', async (reason, _, prepare) => {
    const ledger = createMemoryLedger(0)
    await prepare(ledger)
    expect(await checkStanding(ledger, SUBJECT, NOW)).toEqual(refuse(reason))
  })

  it('returns the record of the instance', async () => {
    const ledger = createMemoryLedger(0)
    await recording({ count: 3 })(ledger)
    const record = { ...unknownInstance('s'), count: 3 }
    expect(await checkStanding(ledger, SUBJECT, NOW)).toEqual(accept(record))
  })

  it('refuses a token that is older than the ledger, also if the ledger begins anew meanwhile', async () => {
    const memory = createMemoryLedger(0)
    expect(await checkStanding(createMemoryLedger(NOW - 99), SUBJECT, NOW)).toEqual(
      refuse('token_before_ledger'),
    )
    let remembersSince = 0
    const ledger: Ledger = {
      ...memory,
      get remembersSince() {
        return remembersSince
      },
      read: (...args) => {
        remembersSince = NOW
        return memory.read(...args)
      },
    }
    expect(await checkStanding(ledger, SUBJECT, NOW)).toEqual(refuse('token_before_ledger'))
  })

  it('asks everything in one trip, and rejects if a part of it is unreachable', async () => {
    const asked: string[] = []
    const memory = createMemoryLedger(0)
    const ledger: Ledger = {
      ...memory,
      read: async (key, now) => {
        asked.push(key)
        await Promise.resolve()
        if (key === 'revoked:parent') throw new LedgerUnavailableError('gone')
        return memory.read(key, now)
      },
    }
    const standing = checkStanding(ledger, SUBJECT, NOW)
    expect(asked.toSorted()).toEqual([
      'ban:account/1',
      'ban:image/m-1',
      'ban:instance/i-1',
      'instance:acs/1/r/i-1',
      'revoked:child',
      'revoked:parent',
    ])
    await expect(standing).rejects.toThrow(LedgerUnavailableError)
  })
})
