// The fields of a request, from a form or from JSON. All of it is read by code of this project: the readers
// of the platforms keep one of several equal fields, replace broken UTF-8 or unescape leniently, each in
// its own way, and two readers of one request must never see different fields.

import { type Bytes, fromUtf8 } from '../../base/bytes.ts'
import { parseUniqueJson } from '../../base/json.ts'
import { type Result, accept, refuse } from '../../base/result.ts'
import { type HeaderValue, parametersOf, parseHeaderValue } from './header-value.ts'
import { readMultipart } from './multipart.ts'
import { type RequestRefusal, invalidRequest } from './request-refusal.ts'

/** Names and values as they were sent, in order. */
type Pairs = readonly (readonly [name: string, value: string])[]

const malformed = (what: string): Result<never, RequestRefusal> =>
  invalidRequest('body_malformed', `The body is not ${what}`)

const repeated = (): Result<never, RequestRefusal> =>
  invalidRequest('field_repeated', 'A field occurs twice')

/** `application/x-www-form-urlencoded` (WHATWG URL, section 5.1), with broken escapes refused. */
const decodeUrlEncoded = (text: string): Result<string, RequestRefusal> => {
  try {
    return accept(decodeURIComponent(text.replaceAll('+', ' ')))
  } catch {
    return malformed('a form: a percent sign without two hex digits of UTF-8 behind it')
  }
}

const fromUrlEncoded = (text: string): Result<Pairs, RequestRefusal> => {
  if (text === '') return accept([])
  const pairs: [string, string][] = []
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=')
    if (equals < 0) return malformed('a form: a field without an equals sign')
    const name = decodeUrlEncoded(pair.slice(0, equals))
    if (!name.ok) return name
    const value = decodeUrlEncoded(pair.slice(equals + 1))
    if (!value.ok) return value
    pairs.push([name.value, value.value])
  }
  return accept(pairs)
}

const fromMultipart = (text: string, contentType: HeaderValue): Result<Pairs, RequestRefusal> => {
  const pairs = readMultipart(text, parametersOf(contentType, 'boundary'))
  return pairs.ok ? pairs : malformed(`multipart/form-data: ${pairs.refusal}`)
}

/** The members of a JSON object, whatever they are. */
export type JsonMembers = Readonly<Record<string, unknown>>

const objectFromJson = (text: string): Result<JsonMembers, RequestRefusal> => {
  const parsed = parseUniqueJson(text)
  if (!parsed.ok) return parsed.refusal === 'not_json' ? malformed('JSON') : repeated()
  const { value } = parsed
  return typeof value !== 'object' || value === null || Array.isArray(value)
    ? malformed('a JSON object')
    : accept(value as JsonMembers)
}

const fromJson = (text: string): Result<Pairs, RequestRefusal> => {
  const members = objectFromJson(text)
  if (!members.ok) return members
  const pairs: [string, string][] = []
  for (const [name, member] of Object.entries(members.value)) {
    if (typeof member !== 'string')
      return invalidRequest('field_not_text', 'A field is not a string')
    pairs.push([name, member])
  }
  return accept(pairs)
}

/** The types of a body that are read. */
export type BodyType =
  'application/x-www-form-urlencoded' | 'multipart/form-data' | 'application/json'

/** Every one of them, which most calls take. */
export const BODY_TYPES: readonly BodyType[] = [
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'application/json',
]

/** The value of a `Content-Type` that is UTF-8, or does not say. */
const parseUtf8Type = (header: string | null): HeaderValue | undefined => {
  const contentType = parseHeaderValue(header ?? '')
  if (contentType === undefined) return undefined
  const charsets = parametersOf(contentType, 'charset')
  const isUtf8 = charsets.length <= 1 && charsets.every((name) => name.toLowerCase() === 'utf-8')
  return isUtf8 ? contentType : undefined
}

/** The reader of a body's text, by its type; `undefined`: no type that is taken. */
const readerOf = (
  header: string | null,
  taken: readonly BodyType[],
): ((text: string) => Result<Pairs, RequestRefusal>) | undefined => {
  const contentType = parseUtf8Type(header)
  if (contentType === undefined) return undefined
  const type = taken.find((it) => it === contentType.value.toLowerCase())
  switch (type) {
    case 'application/x-www-form-urlencoded':
      return fromUrlEncoded
    case 'multipart/form-data':
      return (text) => fromMultipart(text, contentType)
    case 'application/json':
      return fromJson
    case undefined:
      return undefined
  }
}

const readPairs = (
  bytes: Bytes,
  header: string | null,
  taken: readonly BodyType[],
): Result<Pairs, RequestRefusal> => {
  if (header === null && bytes.length === 0) return accept([])
  const read = readerOf(header, taken)
  if (read === undefined) return refuse({ code: 'unsupported_media_type', reason: 'content_type' })
  const text = fromUtf8(bytes)
  return text === undefined ? malformed('UTF-8') : read(text)
}

/**
 * Splits a body into its fields.
 * @param contentType the header; may be absent if the body is empty
 * @param taken the types that the call takes. Default: all
 * @returns the fields; refusals: `invalid_request`, `unsupported_media_type`
 */
export const readFields = (
  bytes: Bytes,
  contentType: string | null,
  taken: readonly BodyType[] = BODY_TYPES,
): Result<ReadonlyMap<string, string>, RequestRefusal> => {
  const pairs = readPairs(bytes, contentType, taken)
  if (!pairs.ok) return pairs
  const fields = new Map(pairs.value)
  return fields.size === pairs.value.length ? accept(fields) : repeated()
}

/**
 * Reads a body that is a JSON object with members of any kind, nested objects included. No key may occur twice.
 * @param contentType the header; required
 * @returns the members; refusals: `invalid_request`, `unsupported_media_type`
 */
export const readJsonObject = (
  bytes: Bytes,
  contentType: string | null,
): Result<JsonMembers, RequestRefusal> => {
  if (parseUtf8Type(contentType)?.value.toLowerCase() !== 'application/json') {
    return refuse({
      code: 'unsupported_media_type',
      reason: 'content_type',
      title: 'Send application/json, in UTF-8 and not compressed',
    })
  }
  const text = fromUtf8(bytes)
  return text === undefined ? malformed('UTF-8') : objectFromJson(text)
}
