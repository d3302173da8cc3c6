// A PKCS#7 signature from a file: base64 as in the answer of the metadata service, PEM, or DER.

import type { Bytes } from '../../base/bytes.ts'
import { usageError } from '../command-error.ts'
import { asText } from '../named-file.ts'

/** The first byte of DER. Base64 of DER never begins with it. */
const SEQUENCE_TAG = 0x30

/**
 * Whether a file contains JSON, such as an identity document. A signature never begins like JSON.
 */
const isJson = (bytes: Bytes): boolean =>
  new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().startsWith('{')

/**
 * The signature that was read: its text, or the DER itself.
 * @param document what was given as the document, if there is one
 * @throws CommandError if it is empty, or a document instead of a signature
 */
export const pkcs7Of = (bytes: Bytes, path: string, document?: Bytes): string | Bytes => {
  const name = path === '-' ? 'standard input' : path
  if (bytes.length === 0) throw usageError(`PKCS7: ${name} is empty`)
  if (isJson(bytes)) {
    const next =
      document === undefined || isJson(document)
        ? 'save the answer of .../instance-identity/pkcs7'
        : 'DOCUMENT and PKCS7 are swapped: the document comes first'
    throw usageError(`PKCS7: ${name} holds JSON, not a signature; ${next}`)
  }
  return bytes[0] === SEQUENCE_TAG ? bytes : asText(bytes, path, 'PKCS7')
}
