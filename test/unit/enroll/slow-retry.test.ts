// The same evidence comes twice at once, and one of the two is slow: it has read that the instance has
// not enrolled, and goes on when another enrollment and its own twin are long over. It decides by
// what is there then.

import { expect, it } from 'vitest'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { DOCUMENT_FIELDS } from '../../support/test-cloud.ts'
import { createTestEnroller } from '../../support/test-enroller.ts'

const NOW = Math.floor(Date.now() / 1000)

/** A change of the ledger that waits. */
interface HeldChange {
  /** Resolves once the change was asked for. */
  readonly reached: Promise<void>
  /** Lets the change happen. */
  readonly release: () => void
}

interface SlowLedger {
  readonly ledger: Ledger
  /** Holds the next change of an entry of one kind. */
  holdNext(kind: string): HeldChange
}

/** A ledger in memory whose changes wait where a test tells them to. */
const createSlowLedger = (): SlowLedger => {
  const memory = createMemoryLedger(0)
  const held = new Map<string, () => Promise<void>>()
  return {
    ledger: {
      ...memory,
      async compareAndSet(...change) {
        const [kind = ''] = change[0].key.split(':')
        const wait = held.get(kind)
        held.delete(kind)
        await wait?.()
        return memory.compareAndSet(...change)
      },
    },
    holdNext(kind) {
      let release = (): void => undefined
      const released = new Promise<void>((resolve) => (release = resolve))
      const reached = new Promise<void>((resolve) =>
        held.set(kind, () => {
          resolve()
          return released
        }),
      )
      return { reached, release }
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
    const { enroller, evidence } = await createTestEnroller({ ledger, policy })
    const fresh = async () => evidence((await enroller.challenge({}, NOW)).audience)
    const [first, second] = [await fresh(), await fresh()]

    // It has read the record, and waits with the challenge that it wants to spend.
    const spending = holdNext('challenge')
    const slow = enroller.enroll(second, NOW)
    await spending.reached
    // Its twin spends the challenge, and waits with the record that it wants to change.
    const recording = holdNext('instance')
    const twin = enroller.enroll(second, NOW)
    await recording.reached
    expect(await enroller.enroll(first, NOW)).toMatchObject({ ok: true })
    const refused = { ok: false, code: 'not_admitted' }
    recording.release()
    expect(await twin).toMatchObject({ ...refused, facts: { reason, retry: false } })
    spending.release()
    expect(await slow).toMatchObject({ ...refused, facts: { reason, retry: true } })
  },
)
