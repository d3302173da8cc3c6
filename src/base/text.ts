// Text from files and variables, and for terminals. Editors and shells save text with a byte order mark or as
// UTF-16; both are named and refused, because a parser would complain about a character that nobody sees.

import { fromUtf8 } from './bytes.ts'
import { type Result, accept, refuse } from './result.ts'

/** What is said of a text that begins with U+FEFF. */
export const BYTE_ORDER_MARK = 'begins with a byte order mark (BOM); save it as UTF-8 without BOM'

/** What is said of bytes in any other encoding. */
export const NOT_UTF8 = 'is not UTF-8; save it as UTF-8'

const startsWith = (bytes: Uint8Array, ...mark: readonly number[]): boolean =>
  mark.every((byte, at) => bytes[at] === byte)

/** What a byte order mark at the start of bytes, binary or text, says about them; else `undefined`. */
export const markProblem = (bytes: Uint8Array): string | undefined => {
  if (startsWith(bytes, 0xef, 0xbb, 0xbf)) return BYTE_ORDER_MARK
  return startsWith(bytes, 0xff, 0xfe) || startsWith(bytes, 0xfe, 0xff) ? NOT_UTF8 : undefined
}

/**
 * Checks a text that a runtime has decoded. U+FFFD stands for bytes that were not UTF-8; NUL comes from UTF-16, and
 * none of our formats has it.
 * @returns the text, unchanged; a refusal is the end of a sentence
 */
export const checkText = (text: string): Result<string, string> => {
  if (text.startsWith('\uFEFF')) return refuse(BYTE_ORDER_MARK)
  return /[\0\uFFFD]/.test(text) ? refuse(NOT_UTF8) : accept(text)
}

/** Decodes UTF-8 without a byte order mark. A refusal is the end of a sentence. */
export const decodeText = (bytes: Uint8Array): Result<string, string> => {
  const text = fromUtf8(bytes)
  return text === undefined ? refuse(NOT_UTF8) : checkText(text)
}

// oxlint-disable-next-line no-control-regex -- what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** A text as it may be shown: one line that neither moves a cursor nor turns the text around. */
export const printable = (text: string): string => text.replaceAll(UNSAFE, escaped)
