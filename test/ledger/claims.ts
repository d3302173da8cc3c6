// What every ledger promises: one suite, run on each driver against the real thing.

import { describe, expect, it } from 'vitest'
import type { Ledger } from '../../src/ledger/ledger.ts'

const NOW = 1_800_000_000
const RACERS = 50
let keys = 0
const newKey = (): string => `test:${keys++}`

/** Declares the suite for one driver. */
export const describeClaims = (name: string, open: () => Ledger): void => {
  describe(`claim() of ${name}`, () => {
    it('tells the first caller that it stored the entry, and all others what was there', async () => {
      const ledger = open()
      const key = newKey()
      expect(await ledger.claim({ key, value: 'a', expiresAt: NOW + 10 }, NOW)).toBeUndefined()
      expect(await ledger.claim({ key, value: 'b', expiresAt: NOW + 10 }, NOW)).toBe('a')
      expect(await ledger.claim({ key, value: 'c', expiresAt: NOW + 99 }, NOW + 9)).toBe('a')
    })

    it('counts an entry as absent from the second on at which it expires', async () => {
      const ledger = open()
      const key = newKey()
      await ledger.claim({ key, value: 'a', expiresAt: NOW + 10 }, NOW)
      expect(await ledger.claim({ key, value: 'b', expiresAt: NOW + 20 }, NOW + 9)).toBe('a')
      expect(await ledger.claim({ key, value: 'c', expiresAt: NOW + 20 }, NOW + 10)).toBeUndefined()
      expect(await ledger.claim({ key, value: 'd', expiresAt: NOW + 30 }, NOW + 10)).toBe('c')
    })

    it('keeps an entry while the clock goes backwards', async () => {
      const ledger = open()
      const key = newKey()
      await ledger.claim({ key, value: 'a', expiresAt: NOW + 10 }, NOW)
      expect(await ledger.claim({ key, value: 'b', expiresAt: NOW }, NOW - 1000)).toBe('a')
    })

    it(`has one winner of ${RACERS} callers at once`, async () => {
      const ledger = open()
      const key = newKey()
      const answers = await Promise.all(
        Array.from({ length: RACERS }, (_, racer) =>
          ledger.claim({ key, value: `racer ${racer}`, expiresAt: NOW + 10 }, NOW),
        ),
      )
      const winners = answers.flatMap((answer, racer) => (answer === undefined ? [racer] : []))
      expect(winners).toHaveLength(1)
      const told = new Set(answers.filter((answer) => answer !== undefined))
      expect(told).toEqual(new Set([`racer ${winners[0]}`]))
    })

    it('keeps values with odd characters, and tells keys apart that look alike', async () => {
      const ledger = open()
      const value = 'quote\' " \\ \u0000 \u2028 é 名'
      const key = newKey()
      await ledger.claim({ key, value, expiresAt: NOW + 10 }, NOW)
      expect(await ledger.claim({ key, value: 'b', expiresAt: NOW + 10 }, NOW)).toBe(value)
      const similar = key.toUpperCase()
      expect(
        await ledger.claim({ key: similar, value: 'c', expiresAt: NOW + 10 }, NOW),
      ).toBeUndefined()
    })

    it('keeps what still protects while others expire', async () => {
      const ledger = open()
      const kept = newKey()
      await ledger.claim({ key: kept, value: 'kept', expiresAt: NOW + 1000 }, NOW)
      for (let i = 0; i < 200; i++) {
        await ledger.claim({ key: newKey(), value: 'x', expiresAt: NOW + i }, NOW + i)
      }
      expect(await ledger.claim({ key: kept, value: 'b', expiresAt: NOW + 2000 }, NOW + 999)).toBe(
        'kept',
      )
    })
  })
}
