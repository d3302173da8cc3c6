// The examples of the reference pages against the code: policies are parsed, answers and audit events have the
// members that are sent, and messages are the ones that are printed.

import { describe, expect, it } from 'vitest'
import { type AnswerName, readAnswer } from '../../src/base/wire/answers.ts'
import { parseConfig } from '../../src/config.ts'
import { auditEvent } from '../../src/http/audit.ts'
import { ledgerReader } from '../../src/ledger/configured.ts'
import { parsePolicy } from '../../src/policy/policy.ts'
import { policyWarnings } from '../../src/policy/warnings.ts'
import { parseOperatorKeys } from '../../src/token/operator-keys.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { AUDIT_MEMBERS } from '../generate/audit-members.ts'
import { expectDocumented } from '../support/audit-reasons.ts'
import { readProjectFile } from '../support/sources.ts'

/** A fence and the comment above it. */
interface Fence {
  readonly comment: string | undefined
  readonly language: string
  readonly text: string
}

const fencesOf = (path: string): Fence[] =>
  [...readProjectFile(path).matchAll(/(?:^<!-- (.*) -->\n\n)?^```(\w*)\n([^]*?)^```$/gm)].map(
    ([, comment, language = '', text = '']) => ({ comment, language, text }),
  )

const fence = (path: string, comment: string): string => {
  const found = fencesOf(path).find((each) => each.comment === comment)
  if (found === undefined) throw new Error(`${path} has no fence with the comment ${comment}`)
  return found.text
}

const ACCOUNT = '1609123456789012'

/** The policies that are meant to be good; the bad one is generated with its problems. */
const policies = fencesOf('docs/policy.md').filter(
  ({ language, comment, text }) =>
    language === 'json' && comment === undefined && text.includes('YOUR-ACCOUNT-ID'),
)

describe('docs/policy.md', () => {
  it('has policies', () => {
    expect(policies.length).toBeGreaterThanOrEqual(2)
  })

  it.each(policies)('has a valid policy: $text', ({ text }) => {
    expect(() => parsePolicy(text)).toThrow('expected the digits of an account id')
    const policy = parsePolicy(text.replaceAll('YOUR-ACCOUNT-ID', ACCOUNT))
    expect(policyWarnings(policy)).toEqual([])
  })
})

describe('docs/configuration.md', () => {
  it('has a valid example', async () => {
    const text = fence('docs/configuration.md', 'a good configuration')
    const variables = [...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value])
    const files: Readonly<Record<string, string>> = {
      '/etc/rollcall/signing-keys.json': JSON.stringify(await generateSigningKeys('ES256')),
      '/etc/rollcall/admin-keys.json': fence('docs/operators.md', 'keys of operators'),
      '/etc/rollcall/policy.json': policies[0]?.text.replace('YOUR-ACCOUNT-ID', ACCOUNT) ?? '',
    }
    const { warnings, ledger } = await parseConfig(Object.fromEntries(variables), {
      readFile: async (path) => files[path] ?? Promise.reject(new Error(path)),
      readLedger: ledgerReader(['sqlite']),
    })
    expect({ warnings, ledger }).toEqual({
      warnings: [],
      ledger: { kind: 'sqlite', path: '/var/lib/rollcall/ledger.db' },
    })
  })
})

describe('docs/operators.md', () => {
  it('has valid keys of operators', async () => {
    const [key] = await parseOperatorKeys(fence('docs/operators.md', 'keys of operators'))
    expect(key).toMatchObject({ name: 'alice@corp', scope: ['read', 'write'] })
  })
})

describe('docs/http.md', () => {
  const answers = fencesOf('docs/http.md').flatMap(({ comment = '', text }) => {
    const [, name] = /^answer: (\w+)$/.exec(comment) ?? []
    return name === undefined ? [] : [[name as AnswerName, text] as const]
  })

  it('has answers', () => {
    expect(answers.length).toBeGreaterThanOrEqual(5)
  })

  it.each(answers)('has an answer %s that a client reads', (name, text) => {
    expect(readAnswer(name, JSON.parse(text))).toMatchObject({ ok: true })
  })
})

describe('docs/audit.md', () => {
  const members = Object.keys(AUDIT_MEMBERS)
  const events = fencesOf('docs/audit.md')
    .filter(({ language }) => language === 'json')
    .map(({ text }) => JSON.parse(text) as Record<string, unknown>)

  it('lists the members in the order of an event', () => {
    const event = auditEvent({
      event: 'enroll',
      requestId: 'r-1',
      outcome: 'issued',
      facts: {},
      now: 0,
      durationMs: 0,
    })
    expect(members).toEqual(Object.keys(event))
  })

  it.each(events)('has an event as it is written: $event $outcome', (event) => {
    expect(Object.keys(event)).toEqual(members.filter((name) => name in event))
    expectDocumented(event)
  })
})
