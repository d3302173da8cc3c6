// Below the faces an expected refusal is a Result: a caller can't overlook it, and there is one way to look at it.

import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { readProjectFile, typeScriptFiles } from '../support/sources.ts'

const FOLDERS = 'registry token enroll operate policy http'.split(' ')

/** What may be thrown: what is nobody's fault, anywhere; and the errors that a face promises, in its own file. */
const ANYWHERE = ['LedgerUnavailableError', 'LedgerFormatError']
const FACES: Readonly<Record<string, readonly string[]>> = {
  'src/policy/policy.ts': ['ConfigurationError'],
  'src/token/signing-keys.ts': ['ConfigurationError'],
  // The reader of the sets that `parseOperatorKeys()` and `parseRelyingPartyKeys()` give to embedders.
  'src/token/public-key-set.ts': ['ConfigurationError'],
  'src/enroll/enroller.ts': ['RangeError'],
  // A schema that `openapi.json` can't describe is a mistake in this program.
  'src/http/openapi/json-schema.ts': ['TypeError'],
}

/** Members that set a refusal apart from a value. */
const TELLTALES = new Set('code reason refusal problem why failure wrong'.split(' '))

const WHY = /(?:Refusal|Reason|Problem)$/

/** The type in a promise, or the type itself. */
const settled = (type: ts.TypeNode): ts.TypeNode =>
  ts.isTypeReferenceNode(type) && type.typeName.getText() === 'Promise'
    ? (type.typeArguments?.[0] ?? type)
    : type

/** Whether a type mixes a value, or nothing at all, with a reason why there is none. */
const mixesInRefusals = (type: ts.TypeNode, name: string): boolean => {
  const members = ts.isUnionTypeNode(type) ? type.types.map((each) => each.getText()) : []
  const others = members.filter((each) => each !== 'undefined' && each !== 'null')
  const reasons = others.filter((each) => WHY.test(each) || each.startsWith('{ readonly problem'))
  if (reasons.length > 0) return reasons.length < members.length
  if (others.includes('string') && others.length > 1) return true
  return WHY.test(name) && others.length < members.length
}

const nameOf = (node: ts.SignatureDeclaration): string => {
  const { parent } = node
  if (node.name !== undefined) return node.name.getText()
  return ts.isVariableDeclaration(parent) ? parent.name.getText() : ''
}

/** The places of a file where something is refused in another way. */
const otherWays = (path: string, source: string): readonly string[] => {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const allowed = new Set([...ANYWHERE, ...(FACES[path] ?? [])])
  const visit = (node: ts.Node): void => {
    if (ts.isThrowStatement(node) && ts.isNewExpression(node.expression)) {
      const thrown = node.expression.expression.getText()
      if (!allowed.has(thrown)) found.push(`throws ${thrown}`)
    }
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InKeyword) {
      const { left } = node
      const asked = ts.isStringLiteral(left) ? left.text : ''
      if (TELLTALES.has(asked)) found.push(`tells a refusal by its "${asked}"`)
    }
    if (ts.isFunctionLike(node) && node.type !== undefined) {
      const type = settled(node.type)
      if (mixesInRefusals(type, nameOf(node))) found.push(`returns ${type.getText()}`)
    }
    const heritage = ts.isClassDeclaration(node) ? (node.heritageClauses?.[0]?.getText() ?? '') : ''
    if (heritage.includes('Error')) found.push(`declares an error: ${heritage}`)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

const files = FOLDERS.flatMap((folder) => typeScriptFiles(`src/${folder}`))

describe('refusing in one way, so that no caller overlooks a refusal', () => {
  it.each(files)('a Result, and nothing else, in %s', (path) => {
    expect(otherWays(path, readProjectFile(path))).toEqual([])
  })

  it('has every face on the list', () => {
    expect(files).toEqual(expect.arrayContaining(Object.keys(FACES)))
  })
})

describe('the search for other ways', () => {
  it.each([
    ['an error of its own', 'class RequestError extends Error {}'],
    ['an error thrown for a client', "throw new RequestError('x')"],
    ['a face’s error in another file', "throw new ConfigurationError(['x'])"],
    ['a look for a code', "if ('code' in admitted) return admitted"],
    ['a look for a problem', "if ('problem' in parsed) return"],
    ['a value or a reason', 'const a = (): Challenge | ChallengeRefusal => b'],
    ['a promise of either', 'const a = async (): Promise<Spent | SpendRefusal> => b'],
    ['a value or a sentence', 'const load = (): Key | string => b'],
    ['nothing or a sentence', 'const issuerProblem = (): string | undefined => b'],
    ['nothing or a reason', 'function check(): RecordRefusal | undefined { return b }'],
    ['a value or a problem', 'const a = (): { readonly value: 1 } | { readonly problem: 2 } => b'],
  ])('finds %s', (_, source) => {
    expect(otherWays('src/enroll/x.ts', source)).toHaveLength(1)
  })

  it.each([
    ['a Result', 'const a = (): Result<Spent, SpendRefusal> => b'],
    ['a lookup of what may be absent', 'const find = (): Promise<Ban | undefined> => b'],
    ['a ledger that is unreachable', "throw new LedgerUnavailableError('x')"],
    ['an error that goes on', 'throw error'],
    ['reasons alone', 'const a = (): FirstUseRefusal | SupersededReason => b'],
  ])('lets %s pass', (_, source) => {
    expect(otherWays('src/enroll/x.ts', source)).toEqual([])
  })
})
