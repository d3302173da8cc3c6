// The same evidence comes twice at once, and one of the two is slow: it has read that the instance has
// not enrolled, and goes on when another enrollment and its own twin are long over. It decides by
// what is there then.

import { expect, it } from 'vitest'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { DOCUMENT_FIELDS } from '../../support/test-cloud.ts'
import { setScene } from '../../support/enrollment.ts'

const NOW = Math.floor(Date.now() / 1000)

/** A ledger in memory whose next change of an entry of one kind waits until it is told to go on. */
const createSlowLedger = (): { ledger: Ledger; holdNext(kind: string): () => void } => {
  const memory = createMemoryLedger(0)
  const held = new Map<string, Promise<void>>()
  return {
    ledger: {
      ...memory,
      async compareAndSet(...change) {
        const [kind = ''] = change[0].key.split(':')
        const gate = held.get(kind)
        held.delete(kind)
        await gate
        return memory.compareAndSet(...change)
      },
    },
    holdNext(kind) {
      let goOn = (): void => undefined
      held.set(kind, new Promise((resolve) => (goOn = resolve)))
      return goOn
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100))

it.each([
  ['never', 'already_enrolled'],
  ['new_image', 'image_not_new'],
])(
  'enroll() refuses a retry under %s that was overtaken by an enrollment',
  async (rule, reason) => {
    const { ledger, holdNext } = createSlowLedger()
    const match = { owner_account_id: [DOCUMENT_FIELDS['owner-account-id']] }
    const token = { audience: ['https://cluster.example'] }
    const policy = parsePolicy({ roles: { worker: { match, token, reenrollment: rule } } })
    const { enroller, evidence } = await setScene({ ledger, policy })
    const fresh = async () => evidence((await enroller.challenge({}, NOW)).audience)
    const [first, second] = [await fresh(), await fresh()]

    // It has read the record, and waits with the challenge that it wants to spend.
    const goOnSlow = holdNext('challenge')
    const slow = enroller.enroll(second, NOW)
    await turn()
    // Its twin spends the challenge, and waits with the record that it wants to change.
    const goOnTwin = holdNext('instance')
    const twin = enroller.enroll(second, NOW)
    await turn()
    expect(await enroller.enroll(first, NOW)).toMatchObject({ ok: true })
    const refused = { ok: false, code: 'not_admitted' }
    goOnTwin()
    expect(await twin).toMatchObject({ ...refused, facts: { reason, retry: false } })
    goOnSlow()
    expect(await slow).toMatchObject({ ...refused, facts: { reason, retry: true } })
  },
)
