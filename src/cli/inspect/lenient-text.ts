// The bytes of a PKCS#7 text, as far as they can be had: where verification refuses at once, this says
// which character of which line is none of base64, and goes on with what stands before it.

import { type Bytes, fromBase64 } from '../../base/bytes.ts'
import type { Problem } from './der-nodes.ts'

/** What was read of a text. */
export interface LenientText {
  /** As people call it: `base64`, `PEM (CERTIFICATE)`. */
  readonly form: string
  readonly bytes: Bytes
  readonly problems: readonly Problem[]
}

const PEM_LINE = /^-----(BEGIN|END) ([A-Z0-9 ]+)-----$/
const NOT_BASE64 = /[^A-Za-z0-9+/=]/
const QUANTUM = 4

/** Decodes what is whole: groups of four characters; padding ends it. */
const decodeWhole = (text: string): Bytes => {
  const padding = text.indexOf('=')
  const end = padding < 0 ? text.length : padding
  const unpadded = text.slice(0, end)
  const whole = fromBase64(unpadded.padEnd(Math.ceil(end / QUANTUM) * QUANTUM, '='))
  return whole ?? (fromBase64(unpadded.slice(0, end - (end % QUANTUM))) as Bytes)
}

/** Reads a text that should be base64 or PEM. */
export const readLenientText = (text: string): LenientText => {
  const problems: Problem[] = []
  let form = 'base64'
  let joined = ''
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const [, begin, label] = PEM_LINE.exec(line) ?? []
    if (label !== undefined) {
      if (begin === 'BEGIN') form = `PEM (${label})`
      continue
    }
    const column = line.search(NOT_BASE64)
    if (column < 0) {
      joined += line
      continue
    }
    const character = JSON.stringify(line.slice(column, column + 1))
    const hint = line[column] === ' ' ? ', perhaps a + that was not URL-encoded' : ''
    problems.push({
      where: `line ${at + 1}, column ${column + 1}`,
      what: `${character} is no character of base64${hint}; what stands behind it was not read`,
    })
    joined += line.slice(0, column)
    break
  }
  if (problems.length === 0 && joined.length % QUANTUM !== 0) {
    problems.push({
      where: 'the end',
      what: 'the base64 text is cut off, or its padding is missing',
    })
  }
  return { form, bytes: decodeWhole(joined), problems }
}
