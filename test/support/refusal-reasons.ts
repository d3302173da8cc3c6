// The reasons by which the code refuses, read from its types, and the texts that a test file names.

import ts from 'typescript'

/** Types of reasons are called so. */
const REASON_TYPE = /(?:Refusal|Reason|ErrorCode|Evidence)$/

/** One reason, and the type that has it. */
export interface Reason {
  readonly type: string
  readonly reason: string
}

const parse = (source: string): ts.SourceFile =>
  ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest)

const literalsOf = (node: ts.TypeNode): readonly string[] => {
  if (ts.isUnionTypeNode(node)) return node.types.flatMap(literalsOf)
  return ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal) ? [node.literal.text] : []
}

/** The reasons that the exported types of a source have themselves: not those of types that they include. */
export const reasonsOf = (source: string): readonly Reason[] =>
  parse(source).statements.flatMap((statement) => {
    if (!ts.isTypeAliasDeclaration(statement)) return []
    const exported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    const type = statement.name.text
    if (!exported || !REASON_TYPE.test(type)) return []
    return literalsOf(statement.type).map((reason) => ({ type, reason }))
  })

/** Every whole text that a source has as a string. Comments and names of members do not count. */
export const stringsOf = (source: string): ReadonlySet<string> => {
  const strings = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) strings.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(parse(source))
  return strings
}
