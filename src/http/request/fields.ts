// The fields of a request, from a form or from JSON. All of it is read by code of this project: the readers
// of the platforms keep one of several equal fields, replace broken UTF-8 or unescape leniently, each in
// its own way, and two readers of one request must never see different fields.

import { type Bytes, fromUtf8 } from '../../base/bytes.ts'
import { parseUniqueJson } from '../../base/json.ts'
import { type HeaderValue, parametersOf, parseHeaderValue } from './header-value.ts'
import { MultipartError, readMultipart } from './multipart.ts'
import { RequestError, invalidRequest } from './request-error.ts'

/** Names and values as they were sent, in order. */
type Pairs = readonly (readonly [name: string, value: string])[]

const malformed = (what: string): RequestError =>
  invalidRequest('body_malformed', `The body is not ${what}`)

const textOf = (bytes: Uint8Array): string => {
  const text = fromUtf8(bytes)
  if (text === undefined) throw malformed('UTF-8')
  return text
}

/** `application/x-www-form-urlencoded` (WHATWG URL, section 5.1), with broken escapes refused. */
const decodeUrlEncoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw malformed('a form: a percent sign without two hex digits of UTF-8 behind it')
  }
}

const fromUrlEncoded = (bytes: Bytes): Pairs => {
  const text = textOf(bytes)
  if (text === '') return []
  return text.split('&').map((pair) => {
    const equals = pair.indexOf('=')
    if (equals < 0) throw malformed('a form: a field without an equals sign')
    return [decodeUrlEncoded(pair.slice(0, equals)), decodeUrlEncoded(pair.slice(equals + 1))]
  })
}

const fromMultipart = (bytes: Bytes, contentType: HeaderValue): Pairs => {
  try {
    return readMultipart(textOf(bytes), parametersOf(contentType, 'boundary'))
  } catch (error) {
    if (!(error instanceof MultipartError)) throw error
    throw malformed(`multipart/form-data: ${error.message}`)
  }
}

const fromJson = (bytes: Bytes): Pairs => {
  const parsed = parseUniqueJson(textOf(bytes))
  if (!parsed.ok) {
    if (parsed.refusal === 'not_json') throw malformed('JSON')
    throw invalidRequest('field_repeated', 'A field is there twice')
  }
  const { value } = parsed
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed('a JSON object')
  }
  return Object.entries(value).map(([name, member]) => {
    if (typeof member !== 'string')
      throw invalidRequest('field_not_text', 'A field is not a string')
    return [name, member]
  })
}

const pairsOf = (bytes: Bytes, header: string | null): Pairs => {
  if (header === null && bytes.length === 0) return []
  const contentType = parseHeaderValue(header ?? '')
  const charsets = contentType === undefined ? [] : parametersOf(contentType, 'charset')
  const isUtf8 = charsets.length <= 1 && charsets.every((name) => name.toLowerCase() === 'utf-8')
  if (contentType !== undefined && isUtf8) {
    switch (contentType.value.toLowerCase()) {
      case 'application/x-www-form-urlencoded':
        return fromUrlEncoded(bytes)
      case 'multipart/form-data':
        return fromMultipart(bytes, contentType)
      case 'application/json':
        return fromJson(bytes)
      default:
    }
  }
  throw new RequestError('unsupported_media_type', 'content_type')
}

/**
 * Splits a body into its fields.
 * @param contentType the header; may be absent if the body is empty
 * @throws RequestError `invalid_request`, `unsupported_media_type`
 */
export const readFields = (
  bytes: Bytes,
  contentType: string | null,
): ReadonlyMap<string, string> => {
  const fields = new Map<string, string>()
  for (const [name, value] of pairsOf(bytes, contentType)) {
    if (fields.has(name)) throw invalidRequest('field_repeated', 'A field is there twice')
    fields.set(name, value)
  }
  return fields
}
