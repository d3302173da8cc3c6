// PKCS#7 / CMS SignedData (RFC 5652 section 5) in the shapes that ECS sends or may send later:
// version 1, id-data, one signer by issuer and serial number; content embedded or detached,
// certificates and signed attributes there or not. Every other shape is refused. No I/O.

import type { InstanceIdentityError } from '../base/errors.ts'
import { readAlgorithmIdentifier } from './algorithm-identifier.ts'
import { readCertificate } from './certificate.ts'
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
  readOid,
  readUnsigned,
  readVersion,
} from './der.ts'
import { readName } from './name.ts'
import { type SignedAttributes, readSignedAttributes } from './signed-attributes.ts'

/** id-data, RFC 5652 section 4, in the form of `readOid`. */
export const ID_DATA: string = /* @__PURE__ */ oid('1.2.840.113549.1.7.1')
const ID_SIGNED_DATA = /* @__PURE__ */ oid('1.2.840.113549.1.7.2')

/** The one SignerInfo. Byte fields are views of the message's bytes; algorithms are in the form of `readOid`. */
export interface SignerInfo {
  /** The issuer's Name, DER with tag and length. */
  readonly issuer: Uint8Array
  /** The contents of the serial number's INTEGER. */
  readonly serialNumber: Uint8Array
  readonly digestAlgorithm: string
  readonly signatureAlgorithm: string
  readonly signedAttributes: SignedAttributes | undefined
  readonly signature: Uint8Array
}

/** What is read of a SignedData. */
export interface SignedData {
  /** The embedded content, or `undefined` if it is detached. */
  readonly content: Uint8Array | undefined
  /** The one member of digestAlgorithms. */
  readonly digestAlgorithm: string
  readonly signer: SignerInfo
}

const unsupported = (
  reader: DerReader,
  message: string,
  at: number = reader.offset,
): InstanceIdentityError => errorAt(reader, at, 'unsupported_structure', message)

const readVersionOne = (reader: DerReader, of: string): void => {
  const at = reader.offset
  if (readVersion(reader) !== 1) throw unsupported(reader, `a ${of} version other than 1`, at)
}

const readSignerInfo = (reader: DerReader): SignerInfo => {
  const info = readInside(reader, TAG.sequence)
  readVersionOne(info, 'SignerInfo')
  // A SignerInfo by subject key identifier has [0] here, and version 3.
  if (!nextIs(info, TAG.sequence))
    throw unsupported(info, 'a signer not named by issuer and serial')
  const name = readInside(info, TAG.sequence)
  const issuer = readName(name)
  const serialNumber = readUnsigned(name)
  expectEnd(name)
  const digestAlgorithm = readAlgorithmIdentifier(info)
  const signedAttributes = nextIs(info, TAG.context0) ? readSignedAttributes(info) : undefined
  const signatureAlgorithm = readAlgorithmIdentifier(info)
  const signature = readContents(info, TAG.octetString)
  if (nextIs(info, TAG.context1)) throw unsupported(info, 'unsigned attributes')
  expectEnd(info)
  return { issuer, serialNumber, digestAlgorithm, signatureAlgorithm, signedAttributes, signature }
}

const readContent = (reader: DerReader): Uint8Array | undefined => {
  const encapsulated = readInside(reader, TAG.sequence)
  const at = encapsulated.offset
  if (readOid(encapsulated) !== ID_DATA) {
    throw unsupported(encapsulated, 'a content type other than id-data', at)
  }
  if (atEnd(encapsulated)) return undefined
  const wrapper = readInside(encapsulated, TAG.context0)
  const content = readContents(wrapper, TAG.octetString)
  expectEnd(wrapper)
  expectEnd(encapsulated)
  return content
}

/** Certificates in a message are never used. They are still checked: other parsers reject a malformed one. */
const skipCertificates = (reader: DerReader): void => {
  const certificates = readInside(reader, TAG.context0)
  while (!atEnd(certificates)) {
    if (!nextIs(certificates, TAG.sequence)) {
      throw unsupported(certificates, 'a certificate that is not X.509')
    }
    readCertificate(certificates)
  }
}

/**
 * Reads a DER ContentInfo that holds one SignedData, and nothing after it.
 * @param der the whole message
 * @returns views of `der`; nothing is copied, and nothing has been verified
 * @throws InstanceIdentityError `malformed_der`, `unsupported_structure`, `unsupported_algorithm`,
 *   `signed_attributes_invalid`
 */
export const readSignedData = (der: Uint8Array): SignedData => {
  const outer = derReader(der)
  const contentInfo = readInside(outer, TAG.sequence)
  expectEnd(outer)
  const typeAt = contentInfo.offset
  if (readOid(contentInfo) !== ID_SIGNED_DATA) {
    throw unsupported(contentInfo, 'a message that is not SignedData', typeAt)
  }
  const wrapper = readInside(contentInfo, TAG.context0)
  expectEnd(contentInfo)
  const signedData = readInside(wrapper, TAG.sequence)
  expectEnd(wrapper)

  readVersionOne(signedData, 'SignedData')
  const digestAlgorithms = readInside(signedData, TAG.set)
  if (atEnd(digestAlgorithms)) throw unsupported(digestAlgorithms, 'no digest algorithm')
  const digestAlgorithm = readAlgorithmIdentifier(digestAlgorithms)
  if (!atEnd(digestAlgorithms)) {
    throw unsupported(digestAlgorithms, 'more than one digest algorithm')
  }
  const content = readContent(signedData)
  if (nextIs(signedData, TAG.context0)) skipCertificates(signedData)
  if (nextIs(signedData, TAG.context1)) throw unsupported(signedData, 'revocation lists')

  const signerInfos = readInside(signedData, TAG.set)
  expectEnd(signedData)
  if (atEnd(signerInfos)) throw unsupported(signerInfos, 'no signer')
  const signer = readSignerInfo(signerInfos)
  if (!atEnd(signerInfos)) throw unsupported(signerInfos, 'more than one signer')
  return { content, digestAlgorithm, signer }
}
