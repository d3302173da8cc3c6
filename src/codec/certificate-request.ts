// Certification requests (PKCS #10, RFC 2986 section 4), strictly: the subject as it is written, the key, the requested
// extensions and what is signed. Whether the request may be granted is not judged here. No I/O.

import {
  type DerReader,
  TAG,
  atEnd,
  derReader,
  errorAt,
  expectEnd,
  nextIs,
  oid,
  readContents,
  readInside,
  readOctetAlignedBits,
  readOid,
  readVersion,
  readWhole,
} from './der.ts'
import { readAlgorithmIdentifier } from './algorithm-identifier.ts'
import { skipWellFormed } from './well-formed.ts'

/** One attribute of a name (RFC 5280 section 4.1.2.4), unjudged. */
export interface NameAttribute {
  /** Its type, in the form of `readOid`. */
  readonly type: string
  /** The identifier octet of its value, such as 0x0c for UTF8String. */
  readonly tag: number
  /** The contents of its value. */
  readonly contents: Uint8Array
}

/** One extension that is asked for (RFC 5280 section 4.2). */
export interface RequestedExtension {
  /** Its type, in the form of `readOid`. */
  readonly type: string
  /** What its OCTET STRING contains: DER. */
  readonly value: Uint8Array
}

/** A certification request. Byte fields are views of its own bytes. */
export interface CertificateRequest {
  /** The subject: relative distinguished names in order, each with its attributes. */
  readonly subject: readonly (readonly NameAttribute[])[]
  /** SubjectPublicKeyInfo, DER with tag and length. */
  readonly subjectPublicKeyInfo: Uint8Array
  /** Types of its attributes in order, in the form of `readOid`. */
  readonly attributes: readonly string[]
  /** Every extension of every extensionRequest attribute, in order. */
  readonly extensions: readonly RequestedExtension[]
  /** What the signature covers: CertificationRequestInfo, DER with tag and length. */
  readonly signedPart: Uint8Array
  /** The signature's algorithm, in the form of `readOid`. */
  readonly signatureAlgorithm: string
  readonly signature: Uint8Array
}

/** The attribute of PKCS #9 that asks for extensions (RFC 2985 section 5.4.2), in the form of `readOid`. */
export const EXTENSION_REQUEST: string = /* @__PURE__ */ oid('1.2.840.113549.1.9.14')

const readAttribute = (part: DerReader): NameAttribute => {
  const attribute = readInside(part, TAG.sequence)
  const type = readOid(attribute)
  const at = attribute.offset
  if (atEnd(attribute)) throw errorAt(attribute, at, 'malformed_der', 'a name without a value')
  const tag = attribute.bytes[at] as number
  skipWellFormed(attribute)
  expectEnd(attribute)
  const contents = readContents({ bytes: attribute.bytes, offset: at, end: attribute.end }, tag)
  return { type, tag, contents }
}

const readSubject = (reader: DerReader): CertificateRequest['subject'] => {
  const parts = readInside(reader, TAG.sequence)
  const subject: NameAttribute[][] = []
  while (!atEnd(parts)) {
    const part = readInside(parts, TAG.set)
    const attributes = [readAttribute(part)]
    while (!atEnd(part)) attributes.push(readAttribute(part))
    subject.push(attributes)
  }
  return subject
}

const readExtensions = (values: DerReader): RequestedExtension[] => {
  const list = readInside(values, TAG.sequence)
  const extensions: RequestedExtension[] = []
  while (!atEnd(list)) {
    const extension = readInside(list, TAG.sequence)
    const type = readOid(extension)
    if (nextIs(extension, TAG.boolean)) {
      const at = extension.offset
      // DER leaves a default out, and FALSE is the default (X.690 section 11.5).
      if (readContents(extension, TAG.boolean)[0] !== 0xff) {
        throw errorAt(extension, at, 'malformed_der', 'an extension with a wrong critical flag')
      }
    }
    const value = readContents(extension, TAG.octetString)
    expectEnd(extension)
    extensions.push({ type, value })
  }
  return extensions
}

/**
 * Reads a certification request that is all of `bytes`.
 * @throws InstanceIdentityError `malformed_der`; `unsupported_structure` for a version other than 1;
 *   `unsupported_algorithm` for a signature's algorithm with parameters
 */
export const readCertificateRequest = (bytes: Uint8Array): CertificateRequest => {
  const whole = derReader(bytes)
  // All of it first, so that nothing in it can be read in two ways.
  skipWellFormed({ ...whole })
  const request = readInside(whole, TAG.sequence)
  expectEnd(whole)
  const from = request.offset
  const info = readInside(request, TAG.sequence)
  const signedPart = bytes.subarray(from, request.offset)
  const at = info.offset
  if (readVersion(info) !== 0) {
    throw errorAt(info, at, 'unsupported_structure', 'a request of another version than 1')
  }
  const subject = readSubject(info)
  const subjectPublicKeyInfo = readWhole(info, TAG.sequence)
  const set = readInside(info, TAG.context0)
  expectEnd(info)
  const attributes: string[] = []
  const extensions: RequestedExtension[] = []
  while (!atEnd(set)) {
    const attribute = readInside(set, TAG.sequence)
    const type = readOid(attribute)
    attributes.push(type)
    const values = readInside(attribute, TAG.set)
    expectEnd(attribute)
    if (type !== EXTENSION_REQUEST) continue
    extensions.push(...readExtensions(values))
    expectEnd(values)
  }
  const signatureAlgorithm = readAlgorithmIdentifier(request)
  const signature = readOctetAlignedBits(request)
  expectEnd(request)
  return {
    subject,
    subjectPublicKeyInfo,
    attributes,
    extensions,
    signedPart,
    signatureAlgorithm,
    signature,
  }
}
