// Cursors of drivers that list their keys in order: the last key of the page before, as base64url, so
// that they pass through a query string and nobody takes them for anything but opaque.

import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../base/bytes.ts'

/** The cursor of the page that begins behind a key. */
export const cursorBehind = (key: string): string => toBase64Url(utf8(key))

/**
 * The key that a cursor stands for.
 * @throws RangeError if it is no cursor of this kind's list
 */
export const keyOfCursor = (cursor: string, kind: string): string => {
  const bytes = fromBase64Url(cursor)
  const key = bytes === undefined ? undefined : fromUtf8(bytes)
  if (key === undefined || !key.startsWith(`${kind}:`)) {
    throw new RangeError('not a cursor of this list')
  }
  return key
}
