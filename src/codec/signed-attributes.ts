// The signed attributes of a SignerInfo (RFC 5652 sections 5.3 and 11), strictly: a SET OF in DER
// order, each attribute once, contentType and messageDigest there and single-valued. No I/O.

import type { InstanceIdentityError } from '../base/errors.ts'
import {
  type DerReader,
  TAG,
  atEnd,
  errorAt,
  expectEnd,
  nextIs,
  oid,
  readContents,
  readInside,
  readOid,
  readWhole,
} from './der.ts'
import { skipWellFormed } from './well-formed.ts'

const CONTENT_TYPE = /* @__PURE__ */ oid('1.2.840.113549.1.9.3')
const MESSAGE_DIGEST = /* @__PURE__ */ oid('1.2.840.113549.1.9.4')

/** What verification needs of signed attributes. */
export interface SignedAttributes {
  /** The whole element as it stands in the message, with its `[0]` tag. */
  readonly encoded: Uint8Array
  /** The contentType attribute, in the form of `readOid`. */
  readonly contentType: string
  readonly messageDigest: Uint8Array
}

const invalid = (reader: DerReader, at: number, message: string): InstanceIdentityError =>
  errorAt(reader, at, 'signed_attributes_invalid', message)

/** Whether `a` sorts before `b` as X.690 section 11.6 orders the members of a SET OF. */
const sortsBefore = (a: Uint8Array, b: Uint8Array): boolean => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference < 0
  }
  return a.length < b.length
}

/** A reader at the only value of the attribute at `at`; the value must have this tag. */
const singleValue = (values: DerReader, tag: number, at: number): DerReader => {
  const { bytes, offset, end } = values
  if (!nextIs(values, tag)) {
    throw invalid(values, at, 'a signed attribute with a value of another type')
  }
  readWhole(values, tag)
  if (!atEnd(values)) throw invalid(values, at, 'a signed attribute with more than one value')
  return { bytes, offset, end }
}

/**
 * Reads the `[0]` element of signed attributes.
 * @throws InstanceIdentityError `malformed_der`, `signed_attributes_invalid`
 */
export const readSignedAttributes = (reader: DerReader): SignedAttributes => {
  const { bytes, offset: start } = reader
  const attributes = readInside(reader, TAG.context0)
  const encoded = bytes.subarray(start, reader.offset)
  const seen = new Set<string>()
  let previous: Uint8Array | undefined
  let contentType: string | undefined
  let messageDigest: Uint8Array | undefined
  while (!atEnd(attributes)) {
    const at = attributes.offset
    const attribute = readInside(attributes, TAG.sequence)
    const whole = bytes.subarray(at, attributes.offset)
    if (previous !== undefined && !sortsBefore(previous, whole)) {
      throw invalid(reader, at, 'signed attributes not in DER order')
    }
    previous = whole
    const type = readOid(attribute)
    const values = readInside(attribute, TAG.set)
    expectEnd(attribute)
    if (seen.has(type)) throw invalid(reader, at, 'a signed attribute that occurs twice')
    seen.add(type)
    if (atEnd(values)) throw invalid(reader, at, 'a signed attribute without a value')
    if (type === CONTENT_TYPE) {
      contentType = readOid(singleValue(values, TAG.oid, at))
    } else if (type === MESSAGE_DIGEST) {
      messageDigest = readContents(singleValue(values, TAG.octetString, at), TAG.octetString)
    } else {
      while (!atEnd(values)) skipWellFormed(values)
    }
  }
  if (contentType === undefined) {
    throw invalid(reader, start, 'no contentType among the signed attributes')
  }
  if (messageDigest === undefined) {
    throw invalid(reader, start, 'no messageDigest among the signed attributes')
  }
  return { encoded, contentType, messageDigest }
}
