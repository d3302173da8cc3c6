// docs/library.md: its tables name every module, and every code that an error can have.

import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { ENROLLMENT_ANSWERS } from '../../src/base/wire/enrollment-answers.ts'
import { tableRows } from '../support/markdown.ts'
import { publicModules } from '../support/public-modules.ts'
import { readProjectFile } from '../support/sources.ts'

const page = readProjectFile('docs/library.md')

/** The texts of a union of texts. */
const unionIn = (path: string, name: string): string[] => {
  const source = ts.createSourceFile(path, readProjectFile(path), ts.ScriptTarget.ES2022)
  const type = source.statements
    .filter(ts.isTypeAliasDeclaration)
    .find((it) => it.name.text === name)?.type
  if (type === undefined || !ts.isUnionTypeNode(type))
    throw new Error(`${path} has no union ${name}`)
  return type.types.map((member) => {
    if (!ts.isLiteralTypeNode(member) || !ts.isStringLiteral(member.literal)) throw new Error(name)
    return member.literal.text
  })
}

/** The first cells of the table below a heading. */
const codesBelow = (heading: string): string[] =>
  tableRows(page.slice(page.indexOf(`### ${heading}\n`)), 'code').map(([code = '']) => code)

describe('docs/library.md', () => {
  it('names every module, in the order of package.json', () => {
    const modules = tableRows(page, 'module').map(([name]) => name)
    expect(modules.toSorted()).toEqual(
      publicModules()
        .map(({ specifier }) => specifier)
        .toSorted(),
    )
  })

  it.each([
    ['InstanceIdentityError', 'src/base/errors.ts'],
    ['ClientError', 'src/client/client-error.ts'],
    ['TokenError', 'src/relying-party/token-error.ts'],
  ])('has every code of %s, in its order', (name, path) => {
    expect(codesBelow(`Codes of ${name}`)).toEqual(unionIn(path, `${name}Code`))
  })

  it('has every reason of a refusal, and that there may be none', () => {
    const reasons = ENROLLMENT_ANSWERS.Problem.properties.reason.enum
    expect(tableRows(page, 'reason').map(([name]) => name)).toEqual([...reasons, 'absent'])
  })
})
