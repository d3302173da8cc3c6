// Each reason to refuse that the core has is a row of a unit test, and each reason of an audit event is met through
// HTTP. The table of reasons has no other.

import { describe, expect, it } from 'vitest'
import { AUDIT_REASONS, REASON_GROUPS } from '../generate/audit-reasons.ts'
import { reasonsOf, stringsOf } from '../support/refusal-reasons.ts'
import { readProjectFile, typeScriptFiles } from '../support/sources.ts'

const CORE = ['base', 'codec', 'verify', 'policy', 'registry', 'token', 'enroll', 'operate']

/**
 * Types whose reasons are in no answer and in no audit event. What they become there, and the file in
 * which a client meets it.
 */
const TOLD_AS: Readonly<Record<string, readonly [told: string, where: string]>> = {
  LedgerErrorCode: ['ledger_unavailable', 'test/unit/http/problems.test.ts'],
  JsonRefusal: ['body_malformed', 'test/unit/http/refusals-fields.test.ts'],
  PageRefusal: ['field_malformed', 'test/cases/state/operator-requests.ts'],
  JwsRefusal: ['operator_token_invalid', 'test/cases/state/operators.ts'],
  OperatorTokenRefusal: ['operator_token_invalid', 'test/cases/state/operators.ts'],
  ClientAssertionRefusal: [
    'client_assertion_invalid',
    'test/unit/http/introspection/relying-parties.test.ts',
  ],
  IntrospectionRefusal: ['/v1/introspect', 'test/unit/http/introspection/relying-parties.test.ts'],
  ClaimsRefusal: ['/v1/introspect', 'test/cases/state/introspection.ts'],
  StandingRefusal: ['/v1/introspect', 'test/cases/state/introspection.ts'],
  ProofRefusal: ['dpop_replayed', 'test/unit/admit/exchange.test.ts'],
}

/** Reasons that no request can meet: what it meets before them, and where that is tested. */
const MET_AS: Readonly<Record<string, readonly [told: string, where: string]>> = {
  content_missing: ['field_missing', 'test/unit/http/refusals-evidence.test.ts'],
}

const stringsIn = (folders: readonly string[]): ReadonlySet<string> =>
  new Set(
    folders
      .flatMap((folder) => typeScriptFiles(folder))
      .flatMap((path) => [...stringsOf(readProjectFile(path))]),
  )

const reasons = CORE.flatMap((layer) => typeScriptFiles(`src/${layer}`)).flatMap((path) =>
  reasonsOf(readProjectFile(path)).map(({ type, reason }) => [reason, type, path] as const),
)

describe('each reason of the core', () => {
  const unit = stringsIn(CORE.map((layer) => `test/unit/${layer}`))
  const http = stringsIn(['test/unit/http', 'test/cases/state'])

  it('is found by its type', () => {
    expect(reasons.length).toBeGreaterThan(40)
    const types = new Set(reasons.map(([, type]) => type))
    expect([...types]).toEqual(
      expect.arrayContaining([
        'InstanceIdentityErrorCode',
        'ChallengeRefusal',
        'DpopRefusal',
        'DecisionReason',
        'FirstUseRefusal',
        'SupersededEvidence',
        'EnrollmentReason',
        'OperatorRefusal',
      ]),
    )
    for (const type of Object.keys(TOLD_AS)) expect([...types]).toContain(type)
  })

  it.each(reasons)('%s of %s is in a unit test', (reason) => {
    expect(unit.has(reason)).toBe(true)
  })

  it.each(reasons)('%s of %s is met through HTTP', (reason, type) => {
    const [told, where] = MET_AS[reason] ?? TOLD_AS[type] ?? []
    if (told === undefined || where === undefined) {
      expect(http.has(reason)).toBe(true)
      return
    }
    const strings = [...stringsOf(readProjectFile(where))]
    expect(strings.some((text) => text.includes(told))).toBe(true)
  })

  // A client reads the reasons of this type, the audit event those of the others.
  const audited = reasons.filter(([, type]) => type !== 'DisclosedReason' && !(type in TOLD_AS))
  it.each(audited)('%s of %s is in the table of reasons', (reason) => {
    expect(reason in AUDIT_REASONS).toBe(true)
  })
})

describe('AUDIT_REASONS', () => {
  const http = stringsIn(['test/unit/http', 'test/cases/state'])
  const all = Object.entries(AUDIT_REASONS)

  it('has each reason in one group', () => {
    const grouped = Object.values(REASON_GROUPS).flatMap((group) => Object.keys(group))
    expect(grouped.toSorted()).toEqual(all.map(([reason]) => reason).toSorted())
  })

  it.each(all.filter(([reason]) => !(reason in MET_AS)))('%s is met through HTTP', (reason) => {
    expect(http.has(reason)).toBe(true)
  })

  it.each(all)('%s says what happened and what to do, at most 20 words each', (_, entry) => {
    for (const text of [entry.happened, entry.remedy]) {
      expect(text).toMatch(/^[A-Z`].*[^.]$/)
      expect(text.split(/\s+/).length).toBeLessThanOrEqual(20)
    }
  })
})

describe('reasonsOf()', () => {
  it('reads exported unions of texts whose name says that they are reasons', () => {
    const source = `
      export type ARefusal = 'a' | /** Why. */ 'b' | BReason
      export type BReason = 'c'
      export type Other = 'd'
      type HiddenRefusal = 'e'
      export const f = 'f'`
    expect(reasonsOf(source)).toEqual([
      { type: 'ARefusal', reason: 'a' },
      { type: 'ARefusal', reason: 'b' },
      { type: 'BReason', reason: 'c' },
    ])
  })
})

describe('stringsOf()', () => {
  it('reads texts, and neither comments nor names', () => {
    const source = "// 'a'\nconst b = { c: 'd', 'e': `f` } /* 'g' */"
    expect([...stringsOf(source)].toSorted()).toEqual(['d', 'e', 'f'])
  })
})
