// Signs as ECS does: PKCS#7 SignedData (RFC 5652 section 5) with the content embedded, no certificate,
// no signed attributes, the signer by issuer and serial number, SHA-1. Each shape that ECS may send
// in the future is an option.

import type { Bytes } from '../base/bytes.ts'
import { TAG } from '../codec/der.ts'
import {
  algorithmIdentifier,
  element,
  objectIdentifier,
  sequence,
  setMembers,
  smallInteger,
  utcTime,
} from './der-writer.ts'
import type { SigningHash, SigningIdentity } from './signing-identity.ts'

const OID = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  rsaEncryption: '1.2.840.113549.1.1.1',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  'SHA-1': '1.3.14.3.2.26',
  'SHA-256': '2.16.840.1.101.3.4.2.1',
} as const

/** How a message differs from a message of ECS. Default: not at all. */
export interface MessageShape {
  /** Default: `SHA-1`. */
  readonly hash?: SigningHash
  /** Leave the content out. */
  readonly detached?: boolean
  /** Put the certificate in. */
  readonly certificate?: boolean
  /**
   * Sign attributes (contentType, messageDigest, signingTime); the value is the time in Unix
   * seconds.
   */
  readonly signingTime?: number | undefined
}

const attribute = (type: string, value: Bytes): Bytes =>
  sequence(objectIdentifier(type), element(TAG.set, value))

const signedAttributes = async (
  content: Bytes,
  hash: SigningHash,
  signingTime: number,
): Promise<Bytes> => {
  const digest = new Uint8Array(await crypto.subtle.digest(hash, content))
  return setMembers(
    attribute(OID.contentType, objectIdentifier(OID.data)),
    attribute(OID.messageDigest, element(TAG.octetString, digest)),
    attribute(OID.signingTime, utcTime(signingTime)),
  )
}

/**
 * Signs a content.
 * @returns a DER ContentInfo
 */
export const signMessage = async (
  content: Bytes,
  signer: SigningIdentity,
  { hash = 'SHA-1', detached, certificate, signingTime }: MessageShape = {},
): Promise<Bytes> => {
  const digestAlgorithm = algorithmIdentifier(OID[hash])
  const attributes =
    signingTime === undefined ? undefined : await signedAttributes(content, hash, signingTime)
  // Attributes are signed as a SET and sent under the tag [0] (section 5.4).
  const signed = attributes === undefined ? content : element(TAG.set, attributes)
  const signerInfo = sequence(
    smallInteger(1),
    sequence(signer.issuer, element(TAG.integer, signer.serialNumber)),
    digestAlgorithm,
    ...(attributes === undefined ? [] : [element(TAG.context0, attributes)]),
    algorithmIdentifier(OID.rsaEncryption),
    element(TAG.octetString, await signer.sign(hash, signed)),
  )
  const embedded = detached ? [] : [element(TAG.context0, element(TAG.octetString, content))]
  const signedData = sequence(
    smallInteger(1),
    element(TAG.set, digestAlgorithm),
    sequence(objectIdentifier(OID.data), ...embedded),
    ...(certificate ? [element(TAG.context0, signer.certificate)] : []),
    element(TAG.set, signerInfo),
  )
  return sequence(objectIdentifier(OID.signedData), element(TAG.context0, signedData))
}
