// Bans: which field of an instance one names, and clocks of two processes that differ.

import { describe, expect, it } from 'vitest'
import { LedgerFormatError } from '../../../src/base/errors.ts'
import { accept } from '../../../src/base/result.ts'
import {
  BAN_KINDS,
  type BanKind,
  ban,
  banKey,
  findBan,
  listBans,
  unban,
} from '../../../src/registry/bans.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'

const NOW = 1_000_000
const IMAGE = 'm-lifted'

describe('unban()', () => {
  it.each([
    ['behind', -60],
    ['of the same time', 0],
    ['ahead', 60],
  ])('lifts a ban for a clock that is %s', async (_, seconds) => {
    const ledger = createMemoryLedger(0)
    const made = {
      kind: 'image',
      value: IMAGE,
      reason: 'x',
      by: 'alice',
      kid: 'k',
      at: NOW,
    } as const
    await ban(ledger, made)
    await unban(ledger, 'image', IMAGE, NOW)

    const now = NOW + seconds
    const identity = { ownerAccountId: '1', imageId: IMAGE, instanceId: 'i-1' }
    expect(await findBan(ledger, identity, now)).toBeUndefined()
    expect(await listBans(ledger, { limit: 10 }, now)).toEqual(accept({ items: [] }))
  })
})

const WHY = { reason: 'stolen', by: 'alice', kid: 'k', at: NOW }
const INSTANCE = { ownerAccountId: '1', imageId: IMAGE, instanceId: 'i-1' }
const VALUES: Readonly<Record<BanKind, string>> = { account: '1', image: IMAGE, instance: 'i-1' }

describe('findBan()', () => {
  it.each<[string, readonly BanKind[], string | undefined]>([
    ['no ban', [], undefined],
    ['a ban of the account', ['account'], 'owner_account_id'],
    ['a ban of the image', ['image'], 'image_id'],
    ['a ban of the instance', ['instance'], 'instance_id'],
    ['bans of all three', ['instance', 'image', 'account'], 'owner_account_id'],
    ['bans of image and instance', ['instance', 'image'], 'image_id'],
  ])('names the field for %s', async (_, kinds, field) => {
    const ledger = createMemoryLedger(0)
    for (const kind of kinds) await ban(ledger, { kind, value: VALUES[kind], ...WHY })
    expect(await findBan(ledger, INSTANCE, NOW)).toBe(field)
  })

  it.each(BAN_KINDS)(
    'is not misled by a ban of a value that is only alike, of the kind %s',
    async (kind) => {
      const ledger = createMemoryLedger(0)
      for (const value of [
        `${VALUES[kind]}0`,
        VALUES[kind].slice(0, -1),
        VALUES[kind].toUpperCase(),
      ]) {
        if (value !== VALUES[kind]) await ban(ledger, { kind, value, ...WHY })
      }
      expect(await findBan(ledger, INSTANCE, NOW)).toBeUndefined()
    },
  )

  it.each(BAN_KINDS)(
    'takes a ban of another release neither for one nor for none: %s',
    async (kind) => {
      const ledger = createMemoryLedger(0)
      await ledger.compareAndSet({ key: banKey(kind, VALUES[kind]), value: '2 x' }, undefined, NOW)
      await expect(findBan(ledger, INSTANCE, NOW)).rejects.toThrow(LedgerFormatError)
    },
  )
})

describe('ban() and unban()', () => {
  it('never expire, change their reason, and may be done twice', async () => {
    const ledger = createMemoryLedger(0)
    const found = async (now: number) => ledger.read(banKey('account', '1'), now)
    await ban(ledger, { kind: 'account', value: '1', ...WHY })
    const first = await found(NOW * 1000)
    await ban(ledger, { kind: 'account', value: '1', ...WHY, reason: 'sold' })
    expect(await found(NOW * 1000)).toBe(first?.replace('stolen', 'sold'))
    for (let i = 0; i < 2; i++) {
      await unban(ledger, 'account', '1', NOW)
      expect(await found(NOW)).toBeUndefined()
    }
  })

  it('lift nothing else', async () => {
    const ledger = createMemoryLedger(0)
    await ban(ledger, { kind: 'account', value: '1', ...WHY })
    await unban(ledger, 'instance', '1', NOW)
    expect(await findBan(ledger, INSTANCE, NOW)).toBe('owner_account_id')
  })
})
