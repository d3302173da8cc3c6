// The text forms of a PKCS#7 message and of certificates: bare base64 as ECS answers it, wrapped or
// not, or PEM lines (RFC 7468, stricter: one label, no text outside, LF and CRLF the only white
// space). No I/O.

import { type Bytes, fromBase64 } from '../base/bytes.ts'
import { InstanceIdentityError } from '../base/errors.ts'

/** Longest text of a message, in characters; a request's body has the same limit. */
const MAX_TEXT_LENGTH = 16_384

const malformed = (message: string, offset?: number): InstanceIdentityError =>
  new InstanceIdentityError('malformed_encoding', message, offset === undefined ? {} : { offset })

/** Where a text stops being base64 in lines: the first wrong character, else the last one. */
const wrongCharacter = (text: string): number => {
  const other = text.search(/[^A-Za-z0-9+/=\r\n]/)
  if (other >= 0) return other
  const padding = text.indexOf('=')
  const isLast = padding < 0 || text.slice(padding).replaceAll(/[\r\n]/g, '').length <= 2
  return isLast ? Math.max(0, text.length - 1) : padding
}

// Earlier documentation of ECS told users to put `CERTIFICATE` around the signature.
const PKCS7_PEM =
  /^-----BEGIN (PKCS7|CMS|CERTIFICATE)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----(?:\r?\n)?$/

/** A strict decoder of padded base64 (RFC 4648 section 4). */
type Decoder = (text: string) => Bytes | undefined

/** Decodes base64 in lines. @param start where the text stands in the input, for errors */
const decodeLines = (text: string, start = 0, decode: Decoder = fromBase64): Bytes => {
  // Most messages have one line and need no joining.
  const joined = text.includes('\n') ? text.replaceAll(/\r?\n/g, '') : text
  const bytes = decode(joined)
  if (bytes === undefined || bytes.length === 0) {
    throw malformed('not base64', start + wrongCharacter(text))
  }
  return bytes
}

/**
 * Decodes a PKCS#7 message in any form that clients post.
 * @param text bare base64 (RFC 4648 section 4, padded) or PEM labelled `PKCS7`, `CMS` or
 *   `CERTIFICATE`; lines end with LF or CRLF and may be of any length
 * @param decode what decodes base64. Default: our own decoder
 * @throws InstanceIdentityError `malformed_encoding`
 */
export const decodePkcs7 = (text: string, decode: Decoder = fromBase64): Bytes => {
  if (text.length > MAX_TEXT_LENGTH) throw malformed('the message is too long', MAX_TEXT_LENGTH)
  if (!text.startsWith('-')) return decodeLines(text, 0, decode)
  const lines = PKCS7_PEM.exec(text)?.[2]
  const start = text.indexOf('\n') + 1
  if (lines === undefined) {
    throw malformed('PEM lines that are not of a PKCS7 message', pemProblem(text, start))
  }
  return decodeLines(lines, start, decode)
}

/** Where PEM lines are refused: the first line, else the first character that cannot follow it. */
const pemProblem = (text: string, start: number): number => {
  if (!/^-----BEGIN (?:PKCS7|CMS|CERTIFICATE)-----\r?\n/.test(text)) return 0
  const other = text.slice(start).search(/[^A-Za-z0-9+/=\r\n]/)
  return other < 0 ? text.length - 1 : start + other
}

const CERTIFICATE_PEM =
  /-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----/g

/**
 * Decodes every certificate of a PEM file. Text between them (a comment, a name) is ignored, because
 * operators write such files by hand.
 * @throws InstanceIdentityError `malformed_encoding` if there is none, or one is broken
 */
export const decodeCertificates = (text: string): Bytes[] => {
  const certificates = Array.from(
    text.matchAll(CERTIFICATE_PEM),
    ({ 0: pem, 1: lines = '', index }) => decodeLines(lines, index + pem.indexOf('\n') + 1),
  )
  const begun = text.split('-----BEGIN').length - 1
  if (begun === 0) throw malformed('no PEM certificate')
  if (begun !== certificates.length) throw malformed('PEM lines that are not of a certificate')
  return certificates
}
