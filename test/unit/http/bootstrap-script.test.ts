// The script that instances receive: `bootstrap.sh` with two values in it.

import { describe, expect, it } from 'vitest'
import { ENROLLMENT_ANSWERS } from '../../../src/base/wire/enrollment-answers.ts'
import { bootstrapScript } from '../../../src/http/bootstrap-script.ts'
import { bootstrapTextModule } from '../../generate/bootstrap-text.ts'
import { readProjectFile } from '../../support/sources.ts'

/** The lines of the script in which a value stands, by their index. */
const ISSUER_LINE = 3
const ROLE_LINE = 4

describe('bootstrap-text.ts', () => {
  it('has the text of bootstrap.sh', async () => {
    const hint = 'src/http/bootstrap-text.ts is older than bootstrap.sh; run: npm run generate'
    const generated = await bootstrapTextModule()
    expect(readProjectFile('src/http/bootstrap-text.ts') === generated, hint).toBe(true)
  })
})

describe('bootstrap.sh', () => {
  const { code, reason } = ENROLLMENT_ANSWERS.Problem.properties
  const functionOf = (name: string): string =>
    new RegExp(`^${name}\\(\\) \\{\\n([^]*?)^\\}`, 'm').exec(
      readProjectFile('src/http/bootstrap.sh'),
    )?.[1] ?? ''

  it('knows every code of a problem document', () => {
    const known = new Set<string>(functionOf('judge').match(/[a-z_]+/g))
    expect(code.enum.filter((name) => !known.has(name))).toEqual([])
  })

  it('has a remedy for every reason of a refusal, and for no other', () => {
    const known = [...functionOf('refused').matchAll(/\*:([a-z_]+)\)/g)].map(([, name]) => name)
    expect(known.toSorted()).toEqual(reason.enum.toSorted())
  })
})

describe('bootstrapScript()', () => {
  it.each([
    [
      'a plain issuer and role',
      'https://rollcall.example',
      'web',
      "'https://rollcall.example'",
      "'web'",
    ],
    ['no role', 'https://rollcall.example', undefined, "'https://rollcall.example'", "''"],
    ['single quotes', "it's", "'", String.raw`'it'\''s'`, String.raw`''\'''`],
    ['an expansion', '$(id)`id`"$x', '${x}', "'$(id)`id`\"$x'", "'${x}'"],
    ['a replacement pattern', '$&$1$$$`', '$<x>', "'$&$1$$$`'", "'$<x>'"],
    ['a placeholder as a value', '@ROLE@', '@ISSUER@', "'@ROLE@'", "'@ISSUER@'"],
  ])('is bootstrap.sh with two quoted values: %s', (_, issuer, role, issuerWord, roleWord) => {
    const lines = readProjectFile('src/http/bootstrap.sh').split('\n')
    lines[ISSUER_LINE] = `issuer=${issuerWord}`
    lines[ROLE_LINE] = `served_role=${roleWord}`
    expect(bootstrapScript({ issuer, role })).toBe(lines.join('\n'))
  })
})
