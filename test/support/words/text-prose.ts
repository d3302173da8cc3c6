// The prose of files that are not TypeScript: pages, scripts, and settings with comments.

import { type Prose, blocks, linesOf, proseOfLines } from './prose.ts'

/** The contents of fences are code; their lines stay, empty, so that the others keep their numbers. */
const withoutFences = (markdown: string): string =>
  markdown.replaceAll(/^( *)(```+)[^]*?^\1\2$/gm, (fence) => fence.replaceAll(/[^\n]/g, ''))

/** The paragraphs and tables of a page in Markdown. */
export const pageProse = (markdown: string): Prose[] =>
  blocks(linesOf(withoutFences(markdown)), (text) => text.trim() !== '').map((lines) =>
    proseOfLines('page', lines),
  )

const COMMENT = /(?:^|\s)#(?!!)\s?(.*)$/

/** The comments of a script, or of settings, in which `#` begins one. */
export const hashComments = (text: string): Prose[] =>
  blocks(linesOf(text), (line) => COMMENT.test(line)).map((lines) =>
    proseOfLines(
      'comment',
      lines.map(({ text: line, line: number }) => ({
        text: COMMENT.exec(line)?.[1] ?? '',
        line: number,
      })),
    ),
  )

const QUOTED = /"((?:[^"\\]|\\[^])*)"|'([^']*)'/g

/** The texts that a shell script prints: what stands in quotes, and each line of a document in it. */
export const shellMessages = (script: string): Prose[] => {
  const code = script.replaceAll(/^\s*#.*$/gm, '')
  const documents = [...code.matchAll(/<<END\n([^]*?)^END$/gm)].map(({ 1: text = '', index }) => ({
    text,
    first: code.slice(0, index).split('\n').length + 1,
  }))
  return [
    ...documents.flatMap(({ text, first }) =>
      linesOf(text, first).map((line) => proseOfLines('message', [line])),
    ),
    ...linesOf(code).flatMap(({ text, line }) =>
      [...text.matchAll(QUOTED)]
        .map(([, double, single]) => double ?? single ?? '')
        .filter((quoted) => / /.test(quoted))
        .map((quoted) => proseOfLines('message', [{ text: quoted, line }])),
    ),
  ]
}
