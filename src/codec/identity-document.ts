// The identity document of ECS: one flat JSON object of string values. It is read by hand, because
// `JSON.parse` takes the last of two equal keys. If the cloud put a caller's audience into the content
// without escaping it, a caller could get `x","instance-id":"i-victim` signed. No I/O.

import { fromUtf8 } from '../base/bytes.ts'
import { InstanceIdentityError } from '../base/errors.ts'

/** The fields of an identity document, with the values that ECS signed. */
export interface IdentityDocument {
  /** Id of the account that owns the instance, digits. */
  readonly ownerAccountId: string
  /** Id of the instance, such as `i-bp13znx0m0me8cq`. */
  readonly instanceId: string
  /** Id of its region, such as `cn-hangzhou`. */
  readonly regionId: string
  /** Id of its zone, such as `cn-hangzhou-i`. */
  readonly zoneId: string
  /** Its type, such as `ecs.g6e.large`. */
  readonly instanceType: string
  /** Id of its image. */
  readonly imageId: string
  /** Private address of its first network interface. */
  readonly privateIpv4: string
  /** MAC address of its first network interface, lower case with colons. */
  readonly mac: string
  /** Its serial number, which never changes. */
  readonly serialNumber: string
  /** The audience of the request for the signature; absent if the request had none. */
  readonly audience?: string
  /** Names of fields that the cloud added and this reader doesn't know; their values are ignored. */
  readonly unknownFields: readonly string[]
}

/** Longest document in bytes. The limit leaves little room for the blocks of a SHA-1 collision. */
export const MAX_DOCUMENT_BYTES = 1024

const MAX_UNKNOWN_FIELDS = 4
const UNKNOWN_NAME = /^[a-z][a-z0-9-]{0,31}$/
const UNKNOWN_VALUE = /^[A-Za-z0-9._:/-]{0,64}$/

/** The characters of an audience: none of them can end the JSON string that contains it. */
export const AUDIENCE_PATTERN: RegExp = /^[A-Za-z0-9_-]{1,64}$/

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'

/** A known field: where its value is kept while the document is read, and its pattern. */
interface Field {
  readonly slot: number
  readonly pattern: RegExp
}

/** The known fields in the order in which ECS sends them. */
const PATTERNS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['zone-id', /^[a-z0-9-]{1,40}$/],
  ['serial-number', /^[A-Za-z0-9-]{1,48}$/],
  ['instance-id', /^[a-z]{1,4}-[a-z0-9]{1,40}$/],
  ['region-id', /^[a-z0-9-]{1,40}$/],
  ['private-ipv4', new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)],
  ['owner-account-id', /^[0-9]{1,20}$/],
  ['mac', /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/],
  ['image-id', /^[A-Za-z0-9._-]{1,96}$/],
  ['instance-type', /^[a-z0-9.-]{1,48}$/],
  ['audience', AUDIENCE_PATTERN],
]

/** Slots begin at 1, as the groups of a match do. */
const FIELDS: ReadonlyMap<string, Field> = /* @__PURE__ */ new Map(
  PATTERNS.map(([name, pattern], at) => [name, { slot: at + 1, pattern }]),
)

/** Whether a text could be the value of a known field, by the field's name in documents. */
export const matchesField = (name: string, value: string): boolean =>
  FIELDS.get(name)?.pattern.test(value) ?? false

/** How many fields every document has. */
const REQUIRED = 9
/** The slot of the audience. */
const AUDIENCE = 10

const member = ([name, pattern]: (typeof PATTERNS)[number]): string =>
  `"${name}":"(${pattern.source.slice(1, -1)})"`

/** A document exactly as ECS sends it today: the same fields and patterns, matched in one go. */
const AS_ECS_SENDS_IT: RegExp = /* @__PURE__ */ new RegExp(
  `^\\{${PATTERNS.slice(0, REQUIRED).map(member).join(',')}(?:,${PATTERNS.slice(REQUIRED).map(member).join('')})?\\}$`,
)

const malformed = (message: string): InstanceIdentityError =>
  new InstanceIdentityError('document_malformed', message)

/** @param at offset in characters; everything before it was read and is ASCII, so it counts bytes too */
const malformedAt = (text: string, at: number, message: string): InstanceIdentityError =>
  new InstanceIdentityError('document_malformed', message, {
    offset: Math.max(0, Math.min(at, text.length - 1)),
  })

/**
 * Where the string that begins at `at` ends: the offset of its closing quotation mark.
 * @param field where the field begins, for errors
 */
const stringEnd = (text: string, at: number, field: number): number => {
  // A backslash or a control character inside is refused by every pattern that follows, so the
  // next quotation mark ends the string.
  const end = text[at] === '"' ? text.indexOf('"', at + 1) : -1
  if (end < 0) throw malformedAt(text, field, 'expected a string in the document')
  return end
}

type Values = readonly (string | undefined)[]

/** Reads the fields in any order, unknown ones among them. */
const readFields = (text: string, unknownFields: string[]): Values => {
  const values: (string | undefined)[] = []
  let known = 0
  let at = 0
  do {
    if (text[at] !== (at === 0 ? '{' : ',')) throw malformedAt(text, at, 'expected another field')
    const start = at + 1
    if (values[AUDIENCE] !== undefined) throw malformedAt(text, start, 'a field after the audience')
    const nameEnd = stringEnd(text, start, start)
    const name = text.slice(start + 1, nameEnd)
    if (text[nameEnd + 1] !== ':') {
      throw malformedAt(text, start, 'expected a colon in the document')
    }
    const valueEnd = stringEnd(text, nameEnd + 2, start)
    const value = text.slice(nameEnd + 3, valueEnd)
    at = valueEnd + 1
    const field = FIELDS.get(name)
    if (field !== undefined) {
      if (values[field.slot] !== undefined) {
        throw malformedAt(text, start, 'a field that occurs twice')
      }
      if (!field.pattern.test(value)) {
        throw malformedAt(text, start, `${name} does not match its pattern`)
      }
      values[field.slot] = value
      known++
    } else {
      if (!UNKNOWN_NAME.test(name) || !UNKNOWN_VALUE.test(value)) {
        throw malformedAt(text, start, 'an unknown field out of bounds')
      }
      if (unknownFields.includes(name)) {
        throw malformedAt(text, start, 'a field that occurs twice')
      }
      if (unknownFields.push(name) > MAX_UNKNOWN_FIELDS) {
        throw malformedAt(text, start, 'too many unknown fields')
      }
    }
  } while (text[at] !== '}')
  if (at + 1 !== text.length) throw malformedAt(text, at + 1, 'text after the document')
  if (known - (values[AUDIENCE] === undefined ? 0 : 1) !== REQUIRED) {
    throw malformedAt(text, at, 'a field is missing')
  }
  return values
}

/** The fields by their names, from their slots. One literal: an object that is copied, or grows, takes longer. */
const fieldsOf = (values: Values, unknownFields: readonly string[]): IdentityDocument => {
  const fields: IdentityDocument & { audience?: string } = {
    ownerAccountId: values[6] as string,
    instanceId: values[3] as string,
    regionId: values[4] as string,
    zoneId: values[1] as string,
    instanceType: values[9] as string,
    imageId: values[8] as string,
    privateIpv4: values[5] as string,
    mac: values[7] as string,
    serialNumber: values[2] as string,
    unknownFields,
    audience: values[AUDIENCE] as string,
  }
  if (values[AUDIENCE] === undefined) delete fields.audience
  return fields
}

/**
 * Reads an identity document.
 * @param bytes UTF-8, at most {@link MAX_DOCUMENT_BYTES}; no white space outside strings, no
 *   escapes, each known field exactly once, `audience` (if there) last
 * @throws InstanceIdentityError `document_malformed`
 */
export const readIdentityDocument = (bytes: Uint8Array): IdentityDocument => {
  if (bytes.length > MAX_DOCUMENT_BYTES) throw malformed('the document is too long')
  const text = fromUtf8(bytes)
  if (text === undefined) throw malformed('the document is not UTF-8')

  const unknownFields: string[] = []
  const values: Values = AS_ECS_SENDS_IT.exec(text) ?? readFields(text, unknownFields)
  return fieldsOf(values, unknownFields)
}

/** The end of the content that ECS signs when it is asked with an audience. */
export const audienceSuffix = (audience: string): string => `,"audience":"${audience}"}`
