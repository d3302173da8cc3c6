// What the API reference must say of each export, and what typedoc does not check: a sentence, the parameters, the
// errors and an example. `npm run docs` checks that every member has words.

import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { publicDeclarations, functionOf } from '../support/public-declarations.ts'
import { publicModules } from '../support/public-modules.ts'
import { readProjectFile } from '../support/sources.ts'

/** Our errors, and those of the platform that report a mistake of the caller. */
const ERRORS = [
  'ClientError',
  'ConfigurationError',
  'InstanceIdentityError',
  'RangeError',
  'TypeError',
] as const

/** What each function throws, its docstring too; `[]`: nothing of these. A new function needs an entry. */
const THROWS: Readonly<Record<string, readonly (typeof ERRORS)[number][]>> = {
  askInstance: ['ClientError'],
  auditLine: [],
  createApp: [],
  createDenoKvLedger: ['RangeError'],
  createDpopKey: [],
  createDurableObjectLedger: [],
  createEnroller: ['RangeError'],
  createMemoryLedger: [],
  createMetadataClient: ['RangeError'],
  createMetadataEmulator: ['ConfigurationError', 'RangeError'],
  createOperatorClient: ['RangeError', 'TypeError'],
  createRedisLedger: ['RangeError'],
  createService: ['RangeError'],
  createSqliteLedger: ['RangeError'],
  decide: [],
  diagnoseEnrollment: [],
  enrollInstance: ['ClientError', 'RangeError'],
  forgetInstances: [],
  isSecretPath: [],
  itemAt: [],
  ledgerReader: ['ConfigurationError'],
  markPrivateKey: ['ConfigurationError'],
  openLedger: ['ConfigurationError'],
  parseConfig: ['ConfigurationError'],
  parseInstanceDescriptions: ['ConfigurationError'],
  parseOperatorKeys: ['ConfigurationError'],
  parsePolicy: ['ConfigurationError'],
  parsePrivateKey: ['ConfigurationError'],
  parseSigningKeys: ['ConfigurationError'],
  parseTrustAnchors: ['InstanceIdentityError'],
  planPrune: ['ClientError'],
  remedyOf: [],
  renewEnrollment: ['ClientError'],
  requireIssuer: ['RangeError'],
  requireKeyOf: ['ClientError'],
  verifyInstanceIdentity: ['InstanceIdentityError', 'RangeError', 'TypeError'],
}

/** The example of the module is theirs: only a whole Worker has a Durable Object. */
const EXAMPLE_OF_MODULE: ReadonlySet<string> = new Set([
  'LedgerObject',
  'createDurableObjectLedger',
])

const textOf = (comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string =>
  ts.getTextOfJSDocComment(comment)?.trim() ?? ''

const docstringOf = (statement: ts.Statement): ts.JSDoc | undefined =>
  ts.getJSDocCommentsAndTags(statement).findLast(ts.isJSDoc)

/** The texts of a tag: `@throws RangeError if ...` is `RangeError if ...`. */
const tagTexts = (statement: ts.Statement, tag: string): string[] =>
  (docstringOf(statement)?.tags ?? [])
    .filter(({ tagName }) => tagName.text === tag)
    .map((each) =>
      each
        .getText()
        .replace(/^@\w+\s*/, '')
        .trim(),
    )

const declarations = publicDeclarations()
const functions = declarations.filter((one) => functionOf(one) !== undefined)
const classes = declarations.filter(({ statement }) => ts.isClassDeclaration(statement))

describe('the API reference', () => {
  it('has every public module', () => {
    const { entryPoints } = JSON.parse(readProjectFile('typedoc.json')) as { entryPoints: string[] }
    expect(entryPoints).toEqual(publicModules().map(({ source }) => source))
  })

  it.each(declarations)('has a sentence about $name of $specifier', ({ statement }) => {
    expect(textOf(docstringOf(statement)?.comment)).toMatch(/^[A-Z`][^]*\.$/)
  })

  it.each([...functions, ...classes])('has an example of $name', ({ name, statement }) => {
    const count = EXAMPLE_OF_MODULE.has(name) ? 0 : 1
    expect(tagTexts(statement, 'example')).toHaveLength(count)
  })

  it.each(functions)('says of each parameter of $name what it is', (declaration) => {
    const parameters = functionOf(declaration)?.parameters ?? []
    const params = tagTexts(declaration.statement, 'param')
    expect(params).toHaveLength(parameters.length)
    for (const text of params) expect(text).toMatch(/^\w+ ./)
  })

  it.each(functions)('says what $name throws', ({ name, statement }) => {
    const said = new Set(tagTexts(statement, 'throws').map((text) => /^\w+/.exec(text)?.[0]))
    const known = ERRORS.filter((error) => said.has(error))
    expect(known.toSorted()).toEqual(THROWS[name])
  })

  it('has no function in the list of errors that is not exported', () => {
    expect(Object.keys(THROWS)).toEqual(functions.map(({ name }) => name).toSorted())
  })
})
