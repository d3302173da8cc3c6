// What an enrollment that was refused says: one sentence of what happened, and one remedy on a line of its own.

import { describe, expect, it } from 'vitest'
import { type ProblemCode, type RefusalReason, readingOf } from '../../../src/client/answer.ts'
import { enrollmentError } from '../../../src/client/refusal.ts'
import { type ProblemOptions, problem } from '../../support/problem.ts'

const ISSUER = 'https://rollcall.test'

const errorOf = async (code: ProblemCode, options?: ProblemOptions) => {
  const response = problem(code, options)
  const { status, headers } = response
  const answer = { status, headers, text: await response.text() }
  const reading = readingOf({ ok: true, value: answer }, 'application/json')
  if (reading.kind === 'expected') throw new Error('expected a failure')
  return enrollmentError(ISSUER, reading)
}

const REASONS: Readonly<Record<RefusalReason, RegExp>> = {
  no_role_matches: /rollcall policy check FILE --document -$/,
  key_required: /rollcall enroll --dpop-key FILE$/,
  resource_not_allowed: /audiences of the role/,
  already_enrolled: /rollcall admin reset$/,
  key_changed:
    /^Use the key of the first enrollment\. If it had none, or the key is lost, have an operator reset/,
  image_unchanged: /new image, or have an operator reset/,
}

describe('the error of an enrollment', () => {
  it.each(Object.entries(REASONS) as [RefusalReason, RegExp][])(
    'has the reason %s and its remedy',
    async (reason, remedy) => {
      const error = await errorOf('not_admitted', { reason })
      expect(error).toMatchObject({ code: 'enrollment_refused', status: 403, reason })
      expect(error.remedy).toMatch(remedy)
      expect(error.message).toMatch(
        new RegExp(
          `^${ISSUER} refused: the service answered 403 \\(${reason}\\), request r-1: [^;\\n]+\\n[A-Z][^\\n]+$`,
        ),
      )
      expect(error.remedy).not.toContain('audit event')
    },
  )

  it('has no reason where the service gives none, and leads to the audit event', async () => {
    const error = await errorOf('not_admitted')
    expect(error.reason).toBeUndefined()
    expect(error.remedy).toContain('the audit event of this request')
  })

  it('takes no reason from a refusal of another code', async () => {
    const error = await errorOf('invalid_evidence', { reason: 'key_required' })
    expect(error).toMatchObject({ code: 'enrollment_refused', reason: undefined, status: 401 })
    expect(error.remedy).toContain('audit event')
  })

  it.each([
    'invalid_request',
    'not_found',
    'method_not_allowed',
    'unsupported_media_type',
  ] as const)(
    'names different versions after %s, since no operator finds the cause of that',
    async (code) => {
      const { remedy } = await errorOf(code)
      expect(remedy).toBe(
        'Client and service seem to be of different versions; update the older one',
      )
    },
  )

  it('has something to do after 413', async () => {
    expect((await errorOf('payload_too_large')).remedy).toMatch(/^Shorten the resource/)
  })
})
