// The identity document of ECS: one flat JSON object of string values. It is read by hand, because
// `JSON.parse` takes the last of two equal keys: if the cloud put a caller's audience into the
// content unescaped, anybody could have it sign `x","instance-id":"i-victim`. No I/O.

import { fromUtf8, utf8 } from '../bytes.ts'
import { InstanceIdentityError } from '../errors.ts'

/** The fields of an identity document, with the values that ECS signed. */
export interface IdentityDocument {
  readonly ownerAccountId: string
  readonly instanceId: string
  readonly regionId: string
  readonly zoneId: string
  readonly instanceType: string
  readonly imageId: string
  readonly privateIpv4: string
  readonly mac: string
  readonly serialNumber: string
  /** The audience that the signature was asked for with; absent if it was asked for without. */
  readonly audience?: string
  /** Names of fields that the cloud added and this reader doesn't know; their values are ignored. */
  readonly unknownFields: readonly string[]
}

/** Longest document in bytes: a cap on the room for the blocks of a SHA-1 collision. */
export const MAX_DOCUMENT_BYTES = 1024

const MAX_UNKNOWN_FIELDS = 4
const UNKNOWN_NAME = /^[a-z][a-z0-9-]{0,31}$/
const UNKNOWN_VALUE = /^[A-Za-z0-9._:/-]{0,64}$/

/** What an audience may be made of: nothing in it could end the JSON string that it stands in. */
export const AUDIENCE_PATTERN: RegExp = /^[A-Za-z0-9_-]{1,64}$/

type Property = Exclude<keyof IdentityDocument, 'unknownFields'>

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'

/** The known fields: their name in the document, their name here, the pattern of their value. */
const FIELDS: ReadonlyMap<string, readonly [Property, RegExp]> = /* @__PURE__ */ new Map([
  ['owner-account-id', ['ownerAccountId', /^[0-9]{1,20}$/]],
  ['instance-id', ['instanceId', /^[a-z]{1,4}-[a-z0-9]{1,40}$/]],
  ['region-id', ['regionId', /^[a-z0-9-]{1,40}$/]],
  ['zone-id', ['zoneId', /^[a-z0-9-]{1,40}$/]],
  ['instance-type', ['instanceType', /^[a-z0-9.-]{1,48}$/]],
  ['image-id', ['imageId', /^[A-Za-z0-9._-]{1,96}$/]],
  ['private-ipv4', ['privateIpv4', new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)]],
  ['mac', ['mac', /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/]],
  ['serial-number', ['serialNumber', /^[A-Za-z0-9-]{1,48}$/]],
  ['audience', ['audience', AUDIENCE_PATTERN]],
])

const REQUIRED_FIELDS = 9

const malformed = (message: string): InstanceIdentityError =>
  new InstanceIdentityError('document_malformed', message)

/**
 * Reads an identity document.
 * @param bytes UTF-8, at most {@link MAX_DOCUMENT_BYTES}; no white space outside of strings, no
 *   escapes, each known field exactly once, `audience` (if there) last
 * @throws InstanceIdentityError `document_malformed`
 */
export const readIdentityDocument = (bytes: Uint8Array): IdentityDocument => {
  if (bytes.length > MAX_DOCUMENT_BYTES) throw malformed('the document is too long')
  const text = fromUtf8(bytes)
  if (text === undefined) throw malformed('the document is not UTF-8')

  let at = 0
  const expect = (character: string): void => {
    if (text[at] !== character) throw malformed(`expected ${character} in the document`)
    at++
  }
  // A backslash or a control character inside is refused by every pattern that follows, so the
  // next quotation mark ends the string.
  const readString = (): string => {
    expect('"')
    const end = text.indexOf('"', at)
    if (end < 0) throw malformed('a string without end in the document')
    const value = text.slice(at, end)
    at = end + 1
    return value
  }

  const values: Partial<Record<Property, string>> = {}
  const unknownFields: string[] = []
  let found = 0
  expect('{')
  do {
    if (found > 0) expect(',')
    if (values.audience !== undefined) throw malformed('a field after the audience')
    const name = readString()
    expect(':')
    const value = readString()
    const field = FIELDS.get(name)
    if (field !== undefined) {
      const [property, pattern] = field
      if (values[property] !== undefined) throw malformed('a field that occurs twice')
      if (!pattern.test(value)) throw malformed(`${name} does not match its pattern`)
      values[property] = value
    } else {
      if (!UNKNOWN_NAME.test(name) || !UNKNOWN_VALUE.test(value)) {
        throw malformed('an unknown field out of bounds')
      }
      if (unknownFields.includes(name)) throw malformed('a field that occurs twice')
      if (unknownFields.push(name) > MAX_UNKNOWN_FIELDS) throw malformed('too many unknown fields')
    }
    found++
  } while (text[at] !== '}')
  if (at + 1 !== text.length) throw malformed('text after the document')

  const known = found - unknownFields.length - (values.audience === undefined ? 0 : 1)
  if (known !== REQUIRED_FIELDS) throw malformed('a field is missing')
  return { ...(values as Required<typeof values>), unknownFields }
}

/** The end of the content that ECS signs when it is asked with an audience. */
export const audienceSuffix = (audience: string): Uint8Array => utf8(`,"audience":"${audience}"}`)
