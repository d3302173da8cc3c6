// What the API reference must say of each export, and what typedoc does not check: a sentence, the parameters, the
// errors with their codes, the source and an example that says what it prints. `npm run docs` checks that every
// member has words; `test/system/package-examples.test.ts` runs the examples.

import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { packageExamples } from '../support/package-examples.ts'
import { functionOf, methodsOf, publicDeclarations } from '../support/public-declarations.ts'
import { publicModules } from '../support/public-modules.ts'
import { readProjectFile } from '../support/sources.ts'

/** Our errors, and those of the platform that report a mistake of the caller. */
const ERRORS = [
  'ClientError',
  'ConfigurationError',
  'InstanceIdentityError',
  'RangeError',
  'TokenError',
  'TypeError',
] as const

/** What each function throws, its docstring too; `[]`: nothing of these. A new function needs an entry. */
const THROWS: Readonly<Record<string, readonly (typeof ERRORS)[number][]>> = {
  admitRequest: [],
  askInstance: ['ClientError'],
  auditLine: [],
  createApp: [],
  createDenoKvLedger: ['RangeError'],
  createDpopKey: [],
  createDurableObjectLedger: [],
  createEnroller: ['ConfigurationError', 'RangeError'],
  createLedgerObjectClass: [],
  createMemoryLedger: [],
  createMetadataClient: ['RangeError'],
  createMetadataEmulator: ['ConfigurationError', 'RangeError'],
  createOperatorClient: ['RangeError', 'TypeError'],
  createRedisLedger: ['RangeError'],
  createService: ['ConfigurationError', 'RangeError'],
  createSqliteLedger: ['RangeError'],
  createTokenVerifier: ['RangeError', 'TypeError'],
  decide: [],
  diagnoseEnrollment: [],
  enrollInstance: ['ClientError', 'RangeError'],
  exchangeToken: ['ClientError', 'RangeError', 'TypeError'],
  forgetInstances: [],
  fromNodeRequest: [],
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
  parseRelyingPartyKeys: ['ConfigurationError'],
  parseSigningKeys: ['ConfigurationError'],
  parseTrustAnchors: ['InstanceIdentityError'],
  planPrune: ['ClientError'],
  proofTime: [],
  remedyOf: [],
  renewEnrollment: ['ClientError'],
  requireEnrollment: [],
  requireIssuer: ['RangeError'],
  requireKeyOf: ['ClientError'],
  verifyInstanceIdentity: ['InstanceIdentityError', 'RangeError', 'TypeError'],
}

/** What rollcall alone defines. Every other function and class names an RFC or a page of a platform. */
const OWN: ReadonlySet<string> = new Set([
  'ClientError',
  'ConfigurationError',
  'InstanceIdentityError',
  'LedgerUnavailableError',
  'LedgerUnfitError',
  'MetadataError',
  'TokenError',
  'createMemoryLedger',
  'createService',
  'decide',
  'diagnoseEnrollment',
  'forgetInstances',
  'fromNodeRequest',
  'ledgerReader',
  'openLedger',
  'parseConfig',
  'parseInstanceDescriptions',
  'parsePolicy',
  'planPrune',
  'renewEnrollment',
  'requireEnrollment',
  'requireKeyOf',
])

/** Errors that have a code, with the union of their codes, or their only code. */
const CODES: Readonly<Record<string, string>> = {
  ClientError: 'ClientErrorCode',
  ConfigurationError: 'configuration_invalid',
  InstanceIdentityError: 'InstanceIdentityErrorCode',
  MetadataError: 'MetadataErrorCode',
  TokenError: 'TokenErrorCode',
}

/** The example of the module is theirs: only a whole Worker has a Durable Object. */
const EXAMPLE_OF_MODULE: ReadonlySet<string> = new Set([
  'createDurableObjectLedger',
  'createLedgerObjectClass',
])

const textOf = (comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string =>
  ts.getTextOfJSDocComment(comment)?.trim() ?? ''

const docstringOf = (node: ts.Node): ts.JSDoc | undefined =>
  ts.getJSDocCommentsAndTags(node).findLast(ts.isJSDoc)

/** The texts of a tag: `@throws RangeError if ...` is `RangeError if ...`. */
const tagTexts = (node: ts.Node, tag: string): string[] =>
  (docstringOf(node)?.tags ?? [])
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
/** Shapes of a platform's own objects, whose documentation is the platform's. */
const SHAPES: ReadonlySet<string> = new Set(['Incoming', 'ObjectNamespace', 'ObjectStub'])
const described = declarations.filter(({ name }) => !SHAPES.has(name))
const methods = described.flatMap((declaration) =>
  methodsOf(declaration).map((method) => ({
    name: `${declaration.name}.${method.name.getText()}`,
    method,
  })),
)

/** The members of a union of texts that a public module exports. */
const unionOf = (name: string): string[] => {
  const found = declarations.find((declaration) => declaration.name === name)
  if (found === undefined || !ts.isTypeAliasDeclaration(found.statement)) return []
  const { type } = found.statement
  const parts = ts.isUnionTypeNode(type) ? type.types : [type]
  return parts.map((part) => part.getText().slice(1, -1))
}

/** Each `@throws` of a function or method that begins with an error that has codes. */
const coded = [
  ...functions.map(({ name, statement }) => ({ name, node: statement as ts.Node })),
  ...methods.map(({ name, method }) => ({ name, node: method as ts.Node })),
].flatMap(({ name, node }) =>
  tagTexts(node, 'throws').flatMap((text) => {
    const [error = ''] = /^\w+/.exec(text) ?? []
    const codes = CODES[error]
    return codes === undefined ? [] : [{ name, error, codes, text }]
  }),
)

/** An example of an export. Only the module of Durable Objects prints nothing: workerd runs it. */
const printing = packageExamples().filter(
  ({ specifier }) => specifier !== 'rollcall/ledger/durable-object',
)

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

  it.each(coded)('says the code of $error of $name', ({ codes, text }) => {
    const known = unionOf(codes)
    const named = [...text.matchAll(/`(\w+)`/g)].map(([, code = '']) => code)
    const isExplained = text.includes(`{@link ${codes}}`) || /\bas `\w+(?:\.\w+)?\(\)`/.test(text)
    const isKnown = named.some((code) => code === codes || known.includes(code))
    expect(isExplained || isKnown, text).toBe(true)
  })

  it.each(methods)('says of each parameter of $name what it is', ({ method }) => {
    const params = tagTexts(method, 'param').map((text) => /^(\w+) ./.exec(text)?.[1])
    expect(params).toEqual(method.parameters.map(({ name }) => name.getText()))
  })

  it.each([...functions, ...classes])('says where $name comes from', ({ name, statement }) => {
    const sources = tagTexts(statement, 'see')
    expect(sources.length > 0, 'a source, or an entry in OWN').toBe(!OWN.has(name))
    for (const text of sources) expect(text).toMatch(/^(?:RFC \d+|https:\/\/)/)
  })

  it.each(printing)('has an example $name of which each line that it prints is compared', (one) => {
    const calls = one.script.match(/console\.\w+\(/g) ?? []
    const compared = one.script.match(/^ *console\.log\(.*\) \/\/ \S.*$/gm) ?? []
    expect(compared.length).toBeGreaterThan(0)
    expect(compared).toHaveLength(calls.length)
  })

  it('has no name in its lists that is not exported', () => {
    const names = new Set(declarations.map(({ name }) => name))
    expect([...OWN, ...EXAMPLE_OF_MODULE, ...SHAPES].filter((name) => !names.has(name))).toEqual([])
  })

  it('has no function in the list of errors that is not exported', () => {
    expect(Object.keys(THROWS)).toEqual(functions.map(({ name }) => name).toSorted())
  })
})
