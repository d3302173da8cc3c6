// The lines of a check: a state, a name, and texts that are wrapped to the width of the terminal.

import type { Diagnosis } from '../../client/index.ts'
import { CHECK_NAMES } from '../../client/index.ts'

const NAME_WIDTH = Math.max(...CHECK_NAMES.map(({ length }) => length))
const STATES: Readonly<Record<Diagnosis['state'], string>> = {
  ok: 'ok  ',
  failed: 'FAIL',
  skipped: '-   ',
}
/** Narrower than this, texts would be columns of single words. */
const MIN_TEXT_WIDTH = 40

/** Breaks a text at spaces. A word that is longer than the width gets a line of its own. */
const wrap = (text: string, width: number): string[] => {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line === '' || longer.length <= width) line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  return [...lines, line]
}

/** The result of one check, as lines. @param columns of the terminal */
export const linesOf = (
  { name, state, detail, remedy }: Diagnosis,
  columns: number,
): readonly string[] => {
  const head = `${STATES[state]}  ${name.padEnd(NAME_WIDTH)}  `
  const width = Math.max(MIN_TEXT_WIDTH, columns - head.length)
  const texts = [detail, ...(remedy === undefined ? [] : `next: ${remedy}`.split('\n'))]
  const indent = ' '.repeat(head.length)
  return texts
    .flatMap((text) => wrap(text, width))
    .map((line, at) => `${at === 0 ? head : indent}${line}`)
}
