// docs/troubleshooting.md against the code: what a person can see has an entry, and each message of the page is one
// that the code has.

import { describe, expect, it } from 'vitest'
import { ENROLLMENT_ANSWERS } from '../../src/base/wire/enrollment-answers.ts'
import { CLIENT_STATUS } from '../../src/cli/exit-status.ts'
import { AUDIT_REASONS } from '../generate/audit-reasons.ts'
import { everyTable } from '../support/markdown.ts'
import { reasonsOf } from '../support/refusal-reasons.ts'
import { readProjectFile, typeScriptFiles } from '../support/sources.ts'

const PAGE = readProjectFile('docs/troubleshooting.md')

/** The cells of a column in all tables that have it. */
const column = (name: string): string[] =>
  everyTable(PAGE).flatMap(({ head, rows }) => {
    const at = head.indexOf(name)
    return at < 0 ? [] : rows.map((cells) => cells[at] ?? '')
  })

const CODE = /^`([^`]+)`$/
const inCode = (cells: readonly string[]): string[] =>
  cells.flatMap((cell) => CODE.exec(cell)?.[1] ?? [])

const metadataCodes = reasonsOf(readProjectFile('src/metadata/metadata-error.ts')).map(
  ({ reason }) => reason,
)
const clientCodes = Object.keys(CLIENT_STATUS)
const reasons: readonly string[] = ENROLLMENT_ANSWERS.Problem.properties.reason.enum

describe('docs/troubleshooting.md', () => {
  it('has an entry for each reason that an instance can see, and for no other', () => {
    expect(reasons.length).toBeGreaterThan(4)
    expect(inCode(column('reason')).toSorted()).toEqual(reasons.toSorted())
  })

  it('has an entry for each code of a ClientError and of a MetadataError, and for no other', () => {
    expect(metadataCodes.length).toBeGreaterThan(8)
    const codes = new Set([...clientCodes, ...metadataCodes])
    expect([...new Set(inCode(column('code')))].toSorted()).toEqual([...codes].toSorted())
  })

  it('tells the codes of the metadata service apart', () => {
    const [, section = ''] = PAGE.split('\n## The metadata service\n')
    const [, own = ''] = /\n(\| message[^]*?)\n\n/.exec(section) ?? []
    for (const code of metadataCodes) expect(own).toContain(`\`${code}\``)
  })
})

/** The cells of a column below a heading of the third level. */
const columnBelow = (heading: string, name: string): string[] => {
  const [, section = ''] = PAGE.split(`\n### ${heading}\n`)
  const [table] = everyTable(section)
  const at = table?.head.indexOf(name) ?? -1
  return at < 0 ? [] : (table?.rows.map((cells) => cells[at] ?? '') ?? [])
}

describe('the relying party, in docs/troubleshooting.md', () => {
  const tokenErrors = new Set(
    reasonsOf(readProjectFile('src/relying-party/token-error.ts')).map(({ reason }) => reason),
  )

  it('has codes of TokenError in parentheses, and no other', () => {
    const codes = column('symptom').flatMap((cell) => /\(`(\w+)`\)$/.exec(cell)?.[1] ?? [])
    expect(codes.length).toBeGreaterThan(8)
    expect(codes.filter((code) => !tokenErrors.has(code))).toEqual([])
  })

  it.each([
    ['authorize', 'Behind a proxy that asks rollcall', 12],
    ['introspect', 'Introspection refuses the relying party', 6],
  ] as const)('has reasons of the audit event %s, and no other', (event, heading, count) => {
    const known = new Set(
      Object.entries(AUDIT_REASONS)
        .filter(([, { events }]) => events.includes(event))
        .map(([reason]) => reason),
    )
    const named = columnBelow(heading, 'reason in the audit event').flatMap((cell) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, reason = '']) => reason),
    )
    expect(named.length).toBeGreaterThan(count)
    expect(named.filter((reason) => !known.has(reason))).toEqual([])
  })
})

/** The sources, texts that are put together from pieces joined. */
const sources = [
  readProjectFile('src/http/bootstrap.sh'),
  ...typeScriptFiles('src')
    .filter((path) => !path.endsWith('/bootstrap-text.ts'))
    .map(readProjectFile),
]
  .join('\n')
  .replaceAll(/(['"`])\s*\+\s*(['"`])/g, '')

describe('the messages of docs/troubleshooting.md', () => {
  const messages = inCode(column('message'))

  it('are many', () => expect(messages.length).toBeGreaterThan(50))

  it.each(messages)('%s', (message) => {
    const pieces = message.split('...').map((piece) => piece.trim())
    expect(pieces.filter((piece) => !sources.includes(piece))).toEqual([])
  })
})
