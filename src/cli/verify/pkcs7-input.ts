// A PKCS#7 signature as people have it in a file: text as the metadata service answered it, PEM, or DER.

import type { Bytes } from '../../base/bytes.ts'
import { usageError } from '../command-error.ts'
import { asText } from '../named-file.ts'

/** The first byte of DER; no base64 of DER begins with it. */
const SEQUENCE_TAG = 0x30

/** What was read: the text, or the DER itself. @throws CommandError */
export const pkcs7Of = (bytes: Bytes, path: string): string | Bytes => {
  if (bytes.length === 0)
    throw usageError(`PKCS7: ${path === '-' ? 'nothing came' : `${path} is empty`}`)
  return bytes[0] === SEQUENCE_TAG ? bytes : asText(bytes, path, 'PKCS7')
}
