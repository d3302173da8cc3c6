// The same evidence comes twice at once, and one of the two is slow: it has read that the instance has
// not enrolled, and goes on when another enrollment and its own twin are long over. It decides by
// what is there then.

import { expect, it } from 'vitest'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { parsePolicy } from '../../src/policy/policy.ts'
import { DOCUMENT_FIELDS } from '../support/test-cloud.ts'
import { setScene } from '../support/enrollment.ts'

const NOW = Math.floor(Date.now() / 1000)

/** A ledger in memory whose next change waits once it was told to. */
const createSlowLedger = (): { ledger: Ledger; holdNext(): () => void } => {
  const memory = createMemoryLedger(0)
  let held: Promise<void> | undefined
  return {
    ledger: {
      ...memory,
      async compareAndSet(...change) {
        const gate = held
        held = undefined
        await gate
        return memory.compareAndSet(...change)
      },
    },
    holdNext() {
      let goOn = (): void => undefined
      held = new Promise((resolve) => {
        goOn = resolve
      })
      return goOn
    },
  }
}

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

    const goOn = holdNext()
    const slow = enroller.enroll(second, NOW)
    // Until it has read the record, and waits with the challenge that it wants to spend.
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await enroller.enroll(first, NOW)).toMatchObject({ ok: true })
    const refused = { ok: false, code: 'not_admitted', facts: { reason } }
    expect(await enroller.enroll(second, NOW)).toMatchObject(refused)
    goOn()
    expect(await slow).toMatchObject({ ...refused, facts: { reason, retry: true } })
  },
)
