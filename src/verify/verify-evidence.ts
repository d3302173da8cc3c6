// Verification of one piece of evidence: the only place where evidence is checked. It reads as the
// protocol does, cheap checks first. No clock, no I/O; cryptography is an argument.

import { type Bytes, concatBytes, equalBytes, toHex, utf8 } from '../base/bytes.ts'
import type { CryptoPort } from '../base/crypto.ts'
import {
  AUDIENCE_PATTERN,
  type IdentityDocument,
  MAX_DOCUMENT_BYTES,
  audienceSuffix,
  readIdentityDocument,
} from '../codec/identity-document.ts'
import { decodePkcs7 } from '../codec/pem.ts'
import type { SignedAttributes } from '../codec/signed-attributes.ts'
import { ID_DATA, type SignerInfo, readSignedData } from '../codec/signed-data.ts'
import { InstanceIdentityError } from '../base/errors.ts'
import { isPromise } from '../base/lazily.ts'
import { type SignatureAlgorithm, chooseAlgorithm } from './algorithms.ts'
import type { InstanceIdentity } from './instance-identity.ts'
import { type TrustAnchor, verifierOf } from './trust-anchor.ts'

/** Evidence as it was posted. The demands of the verifier are apart. */
export interface EvidenceInput {
  /** The PKCS#7 signature: text in any posted form, or the DER itself. */
  readonly pkcs7: string | Uint8Array
  /** The document from the metadata service; needed where the content is detached. */
  readonly document?: string | Uint8Array | undefined
}

/** What evidence is judged against; nothing here has a default. */
export interface VerifyEvidenceOptions {
  /** The exact audience demanded; with `null` no freshness is checked. */
  readonly audience: string | null
  /** The pinned signing certificates; not empty. */
  readonly trustAnchors: readonly TrustAnchor[]
  /** Unix seconds, for the validity of trust anchors. */
  readonly now: number
  /** Whether SHA-1 is accepted, with which ECS signs today. */
  readonly allowSha1: boolean
  /** What verifies signatures. */
  readonly crypto: CryptoPort
}

/** A posted document is text of at most this many characters; longer ones need no copy to be refused. */
const MAX_POSTED_LENGTH = MAX_DOCUMENT_BYTES + 2

const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d
const LF = 0x0a
const CR = 0x0d
const SET_TAG = 0x31

const documentMalformed = (message: string): InstanceIdentityError =>
  new InstanceIdentityError('document_malformed', message)

/** Not `slice()`: on a Buffer of Node it shares the memory. */
const copyOf = (bytes: Uint8Array): Bytes => new Uint8Array(bytes)

const isText = (value: unknown): boolean =>
  typeof value === 'string' ||
  // Not `instanceof`: test runners give code a Uint8Array of another realm.
  (ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]')

/** The members of evidence, whatever was posted in its place. */
const checkShape = (evidence: unknown): EvidenceInput => {
  const { pkcs7, document } = (evidence ?? {}) as EvidenceInput
  if (isText(pkcs7) && (document === undefined || isText(document))) return { pkcs7, document }
  throw new InstanceIdentityError(
    'malformed_encoding',
    'evidence is not { pkcs7, document? } of strings or Uint8Arrays',
  )
}

/** The posted document as bytes of our own, without the one line end that tools put behind it. */
const postedDocument = (document: string | Uint8Array): Uint8Array => {
  if (document.length > MAX_POSTED_LENGTH) throw documentMalformed('the document is too long')
  const bytes = typeof document === 'string' ? utf8(document) : copyOf(document)
  let { length } = bytes
  if (bytes[length - 1] === LF) length -= bytes[length - 2] === CR ? 2 : 1
  return bytes.subarray(0, length)
}

/** A document with an audience put before its last brace, as the cloud does before it signs. */
const withAudience = (document: Uint8Array, audience: string): Bytes => {
  if (document.at(-1) !== CLOSING_BRACE)
    throw documentMalformed('the document does not end with a brace')
  return concatBytes(document.subarray(0, -1), utf8(audienceSuffix(audience)))
}

/** Detached content: the posted document, with the audience if one is demanded. */
const detachedContent = (document: Uint8Array | undefined, audience: string | null): Uint8Array => {
  if (document === undefined) {
    throw new InstanceIdentityError(
      'content_missing',
      'the message has no content, and no document was given',
    )
  }
  return audience === null ? document : withAudience(document, audience)
}

/** The bytes that the signature is over where attributes vouch for the content. */
const attributeBytes = async (
  content: Uint8Array,
  { contentType, encoded, messageDigest }: SignedAttributes,
  { hash }: SignatureAlgorithm,
  crypto: CryptoPort,
): Promise<Bytes> => {
  const digest = await crypto.digest(hash, content)
  if (contentType !== ID_DATA || !equalBytes(digest, messageDigest)) {
    throw new InstanceIdentityError(
      'signed_attributes_invalid',
      'the signed attributes do not match this content',
    )
  }
  // RFC 5652 section 5.4: what is signed is the SET OF, not the [0] that stands in the message.
  const set = Uint8Array.from(encoded)
  set[0] = SET_TAG
  return set
}

/** The trust anchors that the message may be signed under: those that it names, and valid now. */
const candidateAnchors = (
  signer: SignerInfo,
  { trustAnchors, now }: VerifyEvidenceOptions,
): readonly TrustAnchor[] => {
  const named = trustAnchors.filter(
    ({ issuer, serialNumber }) =>
      equalBytes(issuer, signer.issuer) && equalBytes(serialNumber, signer.serialNumber),
  )
  if (named.length === 0) {
    throw new InstanceIdentityError('unknown_signer', 'not signed by any of the trust anchors')
  }
  const valid = named.filter(({ notBefore, notAfter }) => notBefore <= now && now <= notAfter)
  if (valid.length === 0) {
    throw new InstanceIdentityError('trust_anchor_not_valid', 'a trust anchor outside its validity')
  }
  return valid
}

/**
 * The candidate under whose key the signature verifies. Issuer and serial number only choose
 * candidates: anybody can make a certificate that looks like an anchor. The key decides.
 */
const findSigner = async (
  candidates: readonly TrustAnchor[],
  { hash }: SignatureAlgorithm,
  signature: Uint8Array,
  signed: Uint8Array,
  crypto: CryptoPort,
): Promise<TrustAnchor> => {
  for (const anchor of candidates) {
    const loaded = verifierOf(anchor, hash, crypto)
    const verify = isPromise(loaded) ? await loaded : loaded
    const verdict = verify(signature, signed)
    if (isPromise(verdict) ? await verdict : verdict) return anchor
  }
  throw new InstanceIdentityError('signature_invalid', 'the signature does not verify')
}

/** Refuses a posted document that is not the embedded content, without or with the audience. */
const checkPosted = (posted: Uint8Array, content: Uint8Array, audience?: string): void => {
  if (equalBytes(posted, content)) return
  // What was read out of the content is its end, so the length and the rest are left to compare.
  const rest = posted.length - 1
  const added = audience === undefined ? 0 : audienceSuffix(audience).length
  const fits = posted[rest] === CLOSING_BRACE && content.length === rest + added
  if (fits && equalBytes(posted.subarray(0, rest), content.subarray(0, rest))) return
  throw new InstanceIdentityError('document_mismatch', 'the document is not the signed content')
}

/**
 * The identity. Its digest is made when it is asked for: that takes a tenth of verification. Field by field: copying
 * an object that has a getter takes twice as long.
 */
const identityOf = (
  fields: IdentityDocument,
  { fingerprint }: TrustAnchor,
  content: Uint8Array,
  { sha256 }: CryptoPort,
): InstanceIdentity => {
  let digest: string | undefined
  const identity: InstanceIdentity & { audience?: string } = {
    ownerAccountId: fields.ownerAccountId,
    instanceId: fields.instanceId,
    regionId: fields.regionId,
    zoneId: fields.zoneId,
    instanceType: fields.instanceType,
    imageId: fields.imageId,
    privateIpv4: fields.privateIpv4,
    mac: fields.mac,
    serialNumber: fields.serialNumber,
    unknownFields: fields.unknownFields,
    audience: fields.audience as string,
    trustAnchor: fingerprint,
    get digest() {
      return (digest ??= toHex(sha256(content)))
    },
  }
  if (fields.audience === undefined) delete identity.audience
  return identity
}

/**
 * Verifies evidence and gives the identity that was signed.
 * @returns the identity, read from the signed bytes alone
 * @throws InstanceIdentityError with the code of the check that refused
 * @throws RangeError if there are no trust anchors
 */
export const verifyEvidence = async (
  evidence: EvidenceInput,
  options: VerifyEvidenceOptions,
): Promise<InstanceIdentity> => {
  const { audience, crypto } = options
  if (options.trustAnchors.length === 0) throw new RangeError('trustAnchors must not be empty')
  if (audience !== null && !AUDIENCE_PATTERN.test(audience)) {
    throw new InstanceIdentityError(
      'audience_mismatch',
      'not an audience: expected [A-Za-z0-9_-]{1,64}',
    )
  }
  const { pkcs7, document } = checkShape(evidence)
  // Bytes are copied, so that nobody can change them between one check and the next.
  const message = readSignedData(
    typeof pkcs7 === 'string' ? decodePkcs7(pkcs7, crypto.fromBase64) : copyOf(pkcs7),
  )
  const posted = document === undefined ? undefined : postedDocument(document)
  const content = message.content ?? detachedContent(posted, audience)
  // Signed attributes are a SET: a signature over those must never pass for one over a document.
  if (content[0] !== OPENING_BRACE) throw documentMalformed('content that is not a JSON object')

  const { signer } = message
  const algorithm = chooseAlgorithm(message, options.allowSha1)
  const candidates = candidateAnchors(signer, options)
  const fields = readIdentityDocument(content)
  if (posted !== undefined) checkPosted(posted, content, fields.audience)

  const { signedAttributes, signature } = signer
  const signed =
    signedAttributes === undefined
      ? content
      : await attributeBytes(content, signedAttributes, algorithm, crypto)
  const anchor = await findSigner(candidates, algorithm, signature, signed, crypto)
  if (audience !== null && fields.audience !== audience) {
    throw new InstanceIdentityError('audience_mismatch', 'signed for another audience')
  }
  return identityOf(fields, anchor, content, crypto)
}
