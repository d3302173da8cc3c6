// The contract, last part: a store that dies in the middle of an enrollment.

import { expect, it } from 'vitest'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createTestEnroller } from '../../support/test-enroller.ts'
import type { LedgerStore, OpenStore } from './contract.ts'
import { expectNoToken } from '../../support/no-token.ts'

/** The store's ledger, which breaks right after it has stored that a challenge was spent. */
const breaksOnceSpent = ({ ledger, breakStore }: LedgerStore): Ledger => {
  let spent = false
  return {
    ...ledger,
    async compareAndSet(entry, expected, now) {
      const swap = await ledger.compareAndSet(entry, expected, now)
      if (!spent && swap.stored && entry.key.startsWith('challenge:')) {
        spent = true
        await breakStore?.()
      }
      return swap
    },
  }
}

export const describeEnrollment = (open: OpenStore): void => {
  it('enroll() gives no token if the store dies in the middle, and the same evidence gets it later', async (context) => {
    const store = await open(context)
    const { enroller, evidence } = await createTestEnroller({ ledger: breaksOnceSpent(store) })
    const now = Math.floor(Date.now() / 1000)
    const { audience } = await enroller.challenge({}, now)
    const posted = evidence(audience)
    try {
      const broken = await enroller.enroll(posted, now)
      expect(broken).toMatchObject({ ok: false, code: 'unavailable' })
      expectNoToken(JSON.stringify(broken))
    } finally {
      await store.mendStore?.()
    }
    const other = evidence(audience, { 'instance-id': 'i-another' })
    const refused = await enroller.enroll(other, now + 1)
    expect(refused).toMatchObject({ ok: false, code: 'invalid_evidence' })
    const enrolled = await enroller.enroll(posted, now + 2)
    expect(enrolled).toMatchObject({ ok: true, facts: { retry: true } })
  })
}
