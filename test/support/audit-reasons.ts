// Every audit event that a test looks at, against the table of reasons that the documentation is made from.

import { expect } from 'vitest'
import { AUDIT_REASONS, type ReasonEntry } from '../generate/audit-reasons.ts'

/** Looks that an event has a reason exactly if it is refused or failed, and that the table knows it there. */
export const expectDocumented = (event: Readonly<Record<string, unknown>>): void => {
  const { event: name, outcome, code, reason } = event
  const isRefusal = outcome === 'refused' || outcome === 'error'
  expect(isRefusal, `${JSON.stringify(event)} has a reason exactly if it is refused`).toBe(
    reason !== undefined,
  )
  if (!isRefusal) return
  const reasons: Readonly<Record<string, ReasonEntry>> = AUDIT_REASONS
  const { events, codes } = reasons[String(reason)] ?? {}
  expect({ reason, events, codes }).toEqual({
    reason,
    events: expect.arrayContaining([name]),
    codes: expect.arrayContaining([code]),
  })
}
