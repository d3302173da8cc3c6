// Prose: the words of a file that people read, without the code around them.

/** Where words stand, and how they are judged. */
export type ProseKind = 'page' | 'comment' | 'message' | 'test name'

/** Words that belong together: a paragraph, a comment, a message or the name of a test. */
export interface Prose {
  readonly kind: ProseKind
  /** In pages and comments, code in backticks is replaced by dots. */
  readonly text: string
  /** The line of the file, counted from 1, in which a character of the text stands. */
  lineAt(index: number): number
}

/** A piece of a text, and the line of the file in which it begins, counted from 1. */
export interface Line {
  readonly text: string
  readonly line: number
}

/** Code in backticks has words of its own. Its length stays, so that places in the text stay true. */
const withoutCode = (text: string): string =>
  text.replaceAll(/(`+)[^`]+?\1(?!`)/g, (code) => code.replaceAll(/[^`\n]/g, '·'))

/** Joins pieces to one text, which knows the line in which each of them began. */
export const proseOf = (kind: ProseKind, pieces: readonly Line[]): Prose => {
  const joined = pieces.map(({ text }) => text).join('')
  const lineAt = (index: number): number => {
    let end = 0
    for (const { text, line } of pieces) {
      end += text.length
      if (index < end) return line
    }
    return pieces.at(-1)?.line ?? 1
  }
  return { kind, text: kind === 'message' ? joined : withoutCode(joined), lineAt }
}

/** Prose of whole lines. */
export const proseOfLines = (kind: ProseKind, lines: readonly Line[]): Prose =>
  proseOf(
    kind,
    lines.map(({ text, line }) => ({ text: `${text.trim()}\n`, line })),
  )

/** Groups of neighbouring lines that one rule calls alike; the others are left out. */
export const blocks = (lines: readonly Line[], belongs: (text: string) => boolean): Line[][] => {
  const found: Line[][] = []
  let open: Line[] | undefined
  for (const line of lines) {
    if (!belongs(line.text)) open = undefined
    else if (open === undefined) found.push((open = [line]))
    else open.push(line)
  }
  return found
}

/** The lines of a text. */
export const linesOf = (text: string, first = 1): Line[] =>
  text.split('\n').map((line, index) => ({ text: line, line: first + index }))
