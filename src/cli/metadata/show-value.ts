// Values of items for a terminal: control characters are escaped, and long values are cut.

import { fromUtf8, toBase64 } from '../../base/bytes.ts'
import { printable } from '../output.ts'

const MAX_SHOWN = 2000

/** A value as text; `undefined` if it is not text. */
export const valueText = (bytes: Uint8Array): string | undefined => {
  const text = fromUtf8(bytes)
  return text?.includes('\u0000') ? undefined : text
}

/** A value as one or more lines for a terminal. */
export const shownLines = (bytes: Uint8Array): string[] => {
  const text = valueText(bytes)
  if (text === undefined) return [`(${bytes.length} bytes that are not text)`]
  const lines = text
    .slice(0, MAX_SHOWN)
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
    .map((line) => printable(line.replaceAll('\t', '    ')))
  return text.length > MAX_SHOWN ? [...lines, `(cut; ${bytes.length} bytes in all)`] : lines
}

/** A value in JSON: `value`, or `base64` for bytes that are not text. */
export const valueJson = (bytes: Uint8Array): { value: string } | { base64: string } => {
  const text = valueText(bytes)
  return text === undefined ? { base64: toBase64(bytes) } : { value: text }
}
