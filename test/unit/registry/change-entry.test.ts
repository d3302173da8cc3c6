// Changing an entry: once more from the start whenever somebody else was faster, and not for ever.

import { describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { changeEntry } from '../../../src/registry/change-entry.ts'

const KEY = 'test:a'
const NOW = 1_000

/** A ledger in which somebody else is faster so many times. */
const contested = (times: number): { ledger: Ledger; swaps: () => number } => {
  const memory = createMemoryLedger(0)
  let swaps = 0
  return {
    swaps: () => swaps,
    ledger: {
      ...memory,
      async compareAndSet(entry, expected, now) {
        if (swaps++ < times) {
          const present = await memory.read(KEY, now)
          await memory.compareAndSet({ key: KEY, value: `other ${swaps}` }, present, now)
        }
        return memory.compareAndSet(entry, expected, now)
      },
    },
  }
}

const append = (value: string | undefined) => ({
  next: { value: `${value ?? 'nothing'}+` },
  result: value,
})

describe('changeEntry()', () => {
  it('stores what the change makes of the value that the caller knows', async () => {
    const { ledger, swaps } = contested(0)
    expect(await changeEntry(ledger, KEY, undefined, NOW, append)).toBeUndefined()
    expect(await ledger.read(KEY, NOW)).toBe('nothing+')
    expect(await changeEntry(ledger, KEY, 'nothing+', NOW, append)).toBe('nothing+')
    expect(await ledger.read(KEY, NOW)).toBe('nothing++')
    expect(swaps()).toBe(2)
  })

  it('asks the ledger nothing where there is nothing to store', async () => {
    const { ledger, swaps } = contested(0)
    const result = await changeEntry(ledger, KEY, 'seen', NOW, (value) => ({ result: value }))
    expect([result, swaps()]).toEqual(['seen', 0])
  })

  it('begins anew with what is there, if the caller knew something else', async () => {
    const { ledger, swaps } = contested(1)
    expect(await changeEntry(ledger, KEY, undefined, NOW, append)).toBe('other 1')
    expect(await ledger.read(KEY, NOW)).toBe('other 1+')
    expect(swaps()).toBe(2)
  })

  it('stops where the new value needs no change', async () => {
    const { ledger } = contested(1)
    const change = (value: string | undefined) =>
      value === undefined ? append(value) : { result: `found ${value}` }
    expect(await changeEntry(ledger, KEY, undefined, NOW, change)).toBe('found other 1')
    expect(await ledger.read(KEY, NOW)).toBe('other 1')
  })

  it('tries 100 times, and then says that the ledger is unavailable', async () => {
    const last = contested(99)
    expect(await changeEntry(last.ledger, KEY, undefined, NOW, append)).toBe('other 99')
    const never = contested(100)
    await expect(changeEntry(never.ledger, KEY, undefined, NOW, append)).rejects.toThrow(
      new LedgerUnavailableError('an entry of the ledger kept changing'),
    )
    expect(never.swaps()).toBe(100)
  })

  it('stores an expiry where the change gives one', async () => {
    const { ledger } = contested(0)
    const next = { value: 'x', expiresAt: NOW + 1 }
    await changeEntry(ledger, KEY, undefined, NOW, () => ({ next, result: undefined }))
    expect(await ledger.read(KEY, NOW)).toBe('x')
    expect(await ledger.read(KEY, NOW + 1)).toBeUndefined()
  })
})
