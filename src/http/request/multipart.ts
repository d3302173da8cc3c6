// `multipart/form-data` (RFC 7578, RFC 2046 section 5.1), the subset that clients send. The readers of the
// platforms disagree about odd bodies, and two readers of one request must never see different fields: so
// this one is ours, the same on every runtime, and whatever can be read in two ways is refused.

import { type Result, accept, refuse } from '../../base/result.ts'
import { parametersOf, parseHeaderValue } from './header-value.ts'

/** RFC 2046: 1 to 70 of these characters, the last one no space. */
const BOUNDARY = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\r\n]*)$/
const ENCODINGS: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary'])

/** The headers of a part, by their names in lower case. */
const headersOf = (lines: readonly string[]): Result<ReadonlyMap<string, string>, string> => {
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name, value] = HEADER.exec(line) ?? []
    if (name === undefined || value === undefined) return refuse('a part has a malformed header')
    const key = name.toLowerCase()
    if (headers.has(key)) return refuse('a part has a header twice')
    headers.set(key, value)
  }
  return accept(headers)
}

/** The name of the field that a part holds. */
const fieldOf = (headers: ReadonlyMap<string, string>): Result<string, string> => {
  const disposition = parseHeaderValue(headers.get('content-disposition') ?? '')
  if (disposition?.value.toLowerCase() !== 'form-data') {
    return refuse('a part has no Content-Disposition of form-data, or a malformed one')
  }
  const names = parametersOf(disposition, 'name')
  if (parametersOf(disposition, 'name*').length > 0) return refuse('a part has the parameter name*')
  if (names.length !== 1) return refuse('a part does not have exactly one name')
  const encoding = headers.get('content-transfer-encoding')?.trim().toLowerCase()
  if (encoding !== undefined && !ENCODINGS.has(encoding)) {
    return refuse('a part has a Content-Transfer-Encoding')
  }
  return accept(names[0] ?? '')
}

const readPart = (part: string): Result<readonly [name: string, value: string], string> => {
  const end = part.indexOf('\r\n\r\n')
  if (end < 0) return refuse('a part has no empty line after its headers')
  const headers = headersOf(part.slice(0, end).split('\r\n'))
  if (!headers.ok) return headers
  const field = fieldOf(headers.value)
  return field.ok ? accept([field.value, part.slice(end + 4)]) : field
}

/**
 * Splits a body into its fields. Linear in the length of the body.
 * @param text the body, decoded
 * @param boundaries the `boundary` parameters of its Content-Type
 * @returns names and values in order; a part may be a file, as `curl -F name=@file` sends it
 *   A refusal ends the sentence "The body is not multipart/form-data: ..."
 */
export const readMultipart = (
  text: string,
  boundaries: readonly string[],
): Result<readonly (readonly [name: string, value: string])[], string> => {
  const [boundary = ''] = boundaries
  if (boundaries.length !== 1 || !BOUNDARY.test(boundary)) {
    return refuse('its boundary is missing, repeated or malformed')
  }
  const delimiter = `\r\n--${boundary}`
  // As if the body began with a line end: the first delimiter may stand at its very beginning.
  const lines = `\r\n${text}`
  const fields: (readonly [string, string])[] = []
  let start: number | undefined
  for (let at = lines.indexOf(delimiter); at >= 0; at = lines.indexOf(delimiter, at)) {
    if (start !== undefined) {
      const part = readPart(lines.slice(start, at))
      if (!part.ok) return part
      fields.push(part.value)
    }
    at += delimiter.length
    if (lines.startsWith('--', at)) {
      const rest = lines.slice(at + 2)
      if (rest === '' || rest.startsWith('\r\n')) return accept(fields)
    }
    if (!lines.startsWith('\r\n', at))
      return refuse('a line begins like the boundary but is not one')
    start = at + 2
  }
  return refuse('the boundary that ends it is missing')
}
