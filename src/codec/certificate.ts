// X.509 certificates (RFC 5280 section 4.1), the subset that a pinned signing key needs: issuer
// and serial number as raw bytes, validity, public key. The rest is checked for its form and
// ignored: no chain is built, and no certificate inside a message is trusted. No I/O.

import {
  type DerReader,
  TAG,
  atEnd,
  errorAt,
  expectEnd,
  nextIs,
  readContents,
  readInside,
  readOctetAlignedBits,
  readOid,
  readUnsigned,
  readVersion,
  oid,
} from './der.ts'
import { readName } from './name.ts'
import { readTime } from './time.ts'
import { skipWellFormed } from './well-formed.ts'

/** What is read of a certificate. Byte fields are views of the certificate's own bytes. */
export interface Certificate {
  /** The issuer's Name, DER with tag and length. */
  readonly issuer: Uint8Array
  /** The contents of the serial number's INTEGER: big endian, not negative. */
  readonly serialNumber: Uint8Array
  /** Unix seconds. */
  readonly notBefore: number
  /** Unix seconds, the last valid second. */
  readonly notAfter: number
  /** SubjectPublicKeyInfo, DER with tag and length, as `crypto.subtle.importKey('spki')` takes it. */
  readonly subjectPublicKeyInfo: Uint8Array
  /** Whether the metadata emulator made it: it has the extension {@link EMULATOR_EXTENSION}. */
  readonly emulated: boolean
}

/**
 * The extension by which the metadata emulator marks its certificates, in dotted decimal: the UUID
 * f64b0959-c088-4099-b0b1-506317200467 below 2.25 (ITU-T X.667). It is critical and holds a NULL.
 */
export const EMULATOR_EXTENSION = '2.25.327379698880058154304740821110175564903'
const EMULATOR_EXTENSION_OID = /* @__PURE__ */ oid(EMULATOR_EXTENSION)

const V3 = 2

/** An algorithm that isn't used: any well-formed parameters. */
const skipAlgorithm = (reader: DerReader): void => {
  const inside = readInside(reader, TAG.sequence)
  readOid(inside)
  if (!atEnd(inside)) skipWellFormed(inside)
  expectEnd(inside)
}

/** Steps over the extensions. @returns whether one of them, critical or not, is the emulator's */
const readExtensions = (reader: DerReader): boolean => {
  const wrapper = readInside(reader, TAG.context3)
  const extensions = readInside(wrapper, TAG.sequence)
  expectEnd(wrapper)
  let emulated = false
  // RFC 5280 requires at least one, but certificates with an empty list exist, so they are read too.
  while (!atEnd(extensions)) {
    const extension = readInside(extensions, TAG.sequence)
    if (readOid(extension) === EMULATOR_EXTENSION_OID) emulated = true
    if (nextIs(extension, TAG.boolean)) skipWellFormed(extension)
    readContents(extension, TAG.octetString)
    expectEnd(extension)
  }
  return emulated
}

/**
 * Reads one certificate at the cursor.
 * @throws InstanceIdentityError `malformed_der`, `unsupported_structure` (a version other than 1 or
 *   3, or the unique identifiers of version 2, which no issuer uses)
 */
export const readCertificate = (reader: DerReader): Certificate => {
  const certificate = readInside(reader, TAG.sequence)
  const tbs = readInside(certificate, TAG.sequence)
  let version = 0
  if (nextIs(tbs, TAG.context0)) {
    const wrapper = readInside(tbs, TAG.context0)
    const at = wrapper.offset
    version = readVersion(wrapper)
    expectEnd(wrapper)
    if (version !== V3) {
      throw errorAt(wrapper, at, 'unsupported_structure', 'a certificate version not 1 or 3')
    }
  }
  const serialNumber = readUnsigned(tbs)
  skipAlgorithm(tbs)
  const issuer = readName(tbs)
  const validity = readInside(tbs, TAG.sequence)
  const notBefore = readTime(validity)
  const notAfter = readTime(validity)
  expectEnd(validity)
  readName(tbs)
  const keyStart = tbs.offset
  const publicKey = readInside(tbs, TAG.sequence)
  const subjectPublicKeyInfo = tbs.bytes.subarray(keyStart, tbs.offset)
  skipAlgorithm(publicKey)
  readOctetAlignedBits(publicKey)
  expectEnd(publicKey)
  const emulated = version === V3 && !atEnd(tbs) && readExtensions(tbs)
  expectEnd(tbs)
  skipAlgorithm(certificate)
  readOctetAlignedBits(certificate)
  expectEnd(certificate)
  return { issuer, serialNumber, notBefore, notAfter, subjectPublicKeyInfo, emulated }
}
