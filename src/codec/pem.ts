// The text forms of a PKCS#7 message and of certificates: bare base64 as ECS answers it, wrapped or
// not, or PEM lines (RFC 7468, stricter: one label, no text outside, LF and CRLF the only white
// space). No I/O.

import { type Bytes, fromBase64 } from '../base/bytes.ts'
import { InstanceIdentityError } from '../base/errors.ts'

/** Longest text of a message that is looked at; a request's body may be no longer either. */
const MAX_TEXT_LENGTH = 16_384

const malformed = (message: string): InstanceIdentityError =>
  new InstanceIdentityError('malformed_encoding', message)

// The documentation of ECS has had users put `CERTIFICATE` around the signature.
const PKCS7_PEM =
  /^-----BEGIN (PKCS7|CMS|CERTIFICATE)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----(?:\r?\n)?$/

const decodeLines = (text: string): Bytes => {
  // Most messages come on one line: leave those alone.
  const joined = text.includes('\n') ? text.replaceAll(/\r?\n/g, '') : text
  const bytes = fromBase64(joined)
  if (bytes === undefined || bytes.length === 0) throw malformed('not base64')
  return bytes
}

/**
 * Decodes a PKCS#7 message in any form that clients post.
 * @param text bare base64 (RFC 4648 section 4, padded) or PEM labelled `PKCS7`, `CMS` or
 *   `CERTIFICATE`; lines end with LF or CRLF and may be of any length
 * @throws InstanceIdentityError `malformed_encoding`
 */
export const decodePkcs7 = (text: string): Bytes => {
  if (text.length > MAX_TEXT_LENGTH) throw malformed('the message is too long')
  if (!text.startsWith('-')) return decodeLines(text)
  const lines = PKCS7_PEM.exec(text)?.[2]
  if (lines === undefined) throw malformed('PEM lines that are not of a PKCS7 message')
  return decodeLines(lines)
}

const CERTIFICATE_PEM =
  /-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----/g

/**
 * Decodes every certificate of a PEM file; what stands between them (a comment, a name) is
 * ignored, as operators write such files by hand.
 * @throws InstanceIdentityError `malformed_encoding` if there is none, or one is broken
 */
export const decodeCertificates = (text: string): Bytes[] => {
  const certificates = Array.from(text.matchAll(CERTIFICATE_PEM), ([, lines = '']) =>
    decodeLines(lines),
  )
  const begun = text.split('-----BEGIN').length - 1
  if (begun === 0) throw malformed('no PEM certificate')
  if (begun !== certificates.length) throw malformed('PEM lines that are not of a certificate')
  return certificates
}
