// The prose of TypeScript: comments, messages and help texts, names of tests.

import ts from 'typescript'
import { type Line, type Prose, blocks, linesOf, proseOf, proseOfLines } from './prose.ts'

const lineOf = (file: ts.SourceFile, position: number): number =>
  file.getLineAndCharacterOfPosition(position).line + 1

/** The word that stands for a value in a text that is put together. */
const VALUE = 'X'

/** What a piece of a literal says, line by line. */
const pieces = (part: ts.Node, quotes: RegExp, file: ts.SourceFile): Line[] => {
  const raw = part.getText(file).replaceAll(quotes, '')
  const lines = linesOf(raw, lineOf(file, part.getStart(file)))
  return lines.map(({ text, line }, index) => ({
    text: `${text.replaceAll(String.raw`\n`, '\n').replaceAll(/\\(['"`])/g, '$1')}${index < lines.length - 1 ? '\n' : ''}`,
    line,
  }))
}

/** The pieces of a text that templates and `+` put together; `undefined` for other code. */
const piecesOf = (node: ts.Expression, file: ts.SourceFile): Line[] | undefined => {
  const value: Line = { text: VALUE, line: lineOf(file, node.getStart(file)) }
  if (ts.isStringLiteralLike(node)) return pieces(node, /^['"`]|['"`]$/g, file)
  if (ts.isTemplateExpression(node)) {
    const rest = node.templateSpans.flatMap((span) => [
      { text: VALUE, line: lineOf(file, span.getStart(file)) },
      ...pieces(span.literal, /^\}|\$\{$|`$/g, file),
    ])
    return [...pieces(node.head, /^`|\$\{$/g, file), ...rest]
  }
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) {
    return undefined
  }
  const left = piecesOf(node.left, file)
  const right = piecesOf(node.right, file)
  if (left === undefined && right === undefined) return undefined
  return [...(left ?? [value]), ...(right ?? [value])]
}

const isSpecifier = (node: ts.Node): boolean =>
  ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isImportTypeNode(node)

const messagesIn = (file: ts.SourceFile): Prose[] => {
  const found: Prose[] = []
  const visit = (node: ts.Node): void => {
    if (isSpecifier(node)) return
    const text = ts.isExpression(node) ? piecesOf(node, file) : undefined
    if (text !== undefined) found.push(proseOf('message', text))
    // Below a text, only the values of a template can hold others.
    if (text === undefined) ts.forEachChild(node, visit)
    else if (ts.isTemplateExpression(node)) {
      for (const span of node.templateSpans) visit(span.expression)
    }
  }
  visit(file)
  return found.filter(({ text }) => /\S\s+\S/.test(text))
}

/** The function that a call ends at: `it` of `it.each(rows)(name)` and of `it.skipIf(x)(name)`. */
const rootOf = (node: ts.Expression): string => {
  if (ts.isIdentifier(node)) return node.text
  if (ts.isCallExpression(node) || ts.isPropertyAccessExpression(node))
    return rootOf(node.expression)
  return ''
}

const testNamesIn = (file: ts.SourceFile): Prose[] => {
  const found: Prose[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(?:it|test|describe)$/.test(rootOf(node.expression))) {
      const [name] = node.arguments
      const text = name === undefined ? undefined : piecesOf(name, file)
      if (text !== undefined) found.push(proseOf('test name', text))
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** Where texts and regular expressions stand: a `//` in them begins no comment. */
const literalSpans = (file: ts.SourceFile): (readonly [number, number])[] => {
  const spans: (readonly [number, number])[] = []
  const visit = (node: ts.Node): void => {
    const isLiteral =
      ts.isStringLiteralLike(node) ||
      ts.isRegularExpressionLiteral(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddleOrTemplateTail(node)
    if (isLiteral) spans.push([node.getStart(file), node.end])
    ts.forEachChild(node, visit)
  }
  visit(file)
  return spans
}

/** The text of a file with spaces for its literals. */
const withoutLiterals = (file: ts.SourceFile): string => {
  let text = ''
  let end = 0
  for (const [from, to] of literalSpans(file)) {
    text += file.text.slice(end, from) + file.text.slice(from, to).replaceAll(/[^\n]/g, '_')
    end = to
  }
  return text + file.text.slice(end)
}

const COMMENT = /\/\*[^]*?\*\/|(?:\/\/[^\n]*(?:\n[ \t]*(?=\/\/))?)+/g
const MARKS = /^\s*(?:\/\*\*?|\/\/|\*(?!\/))?|\*\/\s*$/g

const commentsIn = (file: ts.SourceFile): Prose[] =>
  [...withoutLiterals(file).matchAll(COMMENT)].flatMap(({ 0: comment, index }) => {
    const lines = linesOf(comment, lineOf(file, index)).map(({ text, line }) => ({
      text: text.replaceAll(MARKS, '').trim(),
      line,
    }))
    let fenced = false
    return blocks(lines, (text) => {
      if (text.startsWith('```')) fenced = !fenced
      return text !== '' && !text.startsWith('```') && !fenced
    }).map((block) => proseOfLines('comment', block))
  })

/**
 * The prose of a file of TypeScript or JavaScript.
 * @param strings which texts are read besides the comments
 */
export const typeScriptProse = (
  path: string,
  text: string,
  strings: 'messages' | 'test names',
): Prose[] => {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  return [...commentsIn(file), ...(strings === 'messages' ? messagesIn(file) : testNamesIn(file))]
}
