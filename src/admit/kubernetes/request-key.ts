// The key of a certification request: whether it is strong enough, and whether the request is signed with it. Only keys
// and signatures that Kubernetes signs too.

import type { Bytes } from '../../base/bytes.ts'
import { type Result, accept, refuse } from '../../base/result.ts'
import type { CertificateRequest } from '../../codec/certificate-request.ts'
import {
  TAG,
  atEnd,
  derReader,
  expectEnd,
  oid,
  readInside,
  readOctetAlignedBits,
  readOid,
  readUnsigned,
} from '../../codec/der.ts'
import { readRsaPublicKey } from '../../codec/rsa-public-key.ts'

/** A curve by its name in WebCrypto, and how many bytes a coordinate has. */
interface Curve {
  readonly namedCurve: string
  readonly bytes: number
}

const EC_PUBLIC_KEY = /* @__PURE__ */ oid('1.2.840.10045.2.1')
const RSA_ENCRYPTION = /* @__PURE__ */ oid('1.2.840.113549.1.1.1')
const ED25519 = /* @__PURE__ */ oid('1.3.101.112')

const CURVES: ReadonlyMap<string, Curve> = /* @__PURE__ */ new Map([
  [oid('1.2.840.10045.3.1.7'), { namedCurve: 'P-256', bytes: 32 }],
  [oid('1.3.132.0.34'), { namedCurve: 'P-384', bytes: 48 }],
  [oid('1.3.132.0.35'), { namedCurve: 'P-521', bytes: 66 }],
])

const ECDSA_HASHES: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  [oid('1.2.840.10045.4.3.2'), 'SHA-256'],
  [oid('1.2.840.10045.4.3.3'), 'SHA-384'],
  [oid('1.2.840.10045.4.3.4'), 'SHA-512'],
])

const RSA_HASHES: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  [oid('1.2.840.113549.1.1.11'), 'SHA-256'],
  [oid('1.2.840.113549.1.1.12'), 'SHA-384'],
  [oid('1.2.840.113549.1.1.13'), 'SHA-512'],
])

const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 4096

/** A key that is strong enough. */
type RequestKey =
  | { readonly kind: 'EC'; readonly curve: Curve }
  | { readonly kind: 'RSA' }
  | { readonly kind: 'Ed25519' }

/** Why a request's key or signature is not taken. */
export type RequestKeyRefusal = 'KeyNotAllowed' | 'SignatureInvalid'

/** @throws InstanceIdentityError `malformed_der`, `unsupported_algorithm` */
const readKey = (subjectPublicKeyInfo: Uint8Array): RequestKey | undefined => {
  const info = readInside(derReader(subjectPublicKeyInfo), TAG.sequence)
  const algorithm = readInside(info, TAG.sequence)
  readOctetAlignedBits(info)
  expectEnd(info)
  const type = readOid(algorithm)
  if (type === RSA_ENCRYPTION) {
    const { modulusBits, modulusIsEven, publicExponent } = readRsaPublicKey(subjectPublicKeyInfo)
    const isStrong = modulusBits >= MIN_RSA_BITS && modulusBits <= MAX_RSA_BITS && !modulusIsEven
    // 65537, which every library makes.
    return isStrong && publicExponent.join() === '1,0,1' ? { kind: 'RSA' } : undefined
  }
  if (type === ED25519) return atEnd(algorithm) ? { kind: 'Ed25519' } : undefined
  if (type !== EC_PUBLIC_KEY) return undefined
  const curve = CURVES.get(readOid(algorithm))
  expectEnd(algorithm)
  return curve === undefined ? undefined : { kind: 'EC', curve }
}

/** An integer as so many bytes, big endian; `undefined` if it needs more. */
const padded = (integer: Uint8Array, length: number): Uint8Array | undefined => {
  const digits = integer[0] === 0 ? integer.subarray(1) : integer
  if (digits.length > length) return undefined
  const bytes = new Uint8Array(length)
  bytes.set(digits, length - digits.length)
  return bytes
}

/** An ECDSA signature (RFC 3279 section 2.2.3) as WebCrypto takes it. @throws InstanceIdentityError */
const rawSignature = (signature: Uint8Array, { bytes }: Curve): Uint8Array | undefined => {
  const whole = derReader(signature)
  const pair = readInside(whole, TAG.sequence)
  expectEnd(whole)
  const r = padded(readUnsigned(pair), bytes)
  const s = padded(readUnsigned(pair), bytes)
  expectEnd(pair)
  return r === undefined || s === undefined ? undefined : Uint8Array.of(...r, ...s)
}

/** What WebCrypto needs to verify with; the hash of ECDSA is not the key's. */
interface Verification {
  readonly key: RsaHashedImportParams | EcKeyImportParams | { readonly name: string }
  readonly verify: EcdsaParams | { readonly name: string }
  readonly signature: Uint8Array | undefined
}

const verificationOf = (key: RequestKey, request: CertificateRequest): Verification | undefined => {
  const { signatureAlgorithm, signature } = request
  if (key.kind === 'Ed25519') {
    if (signatureAlgorithm !== ED25519) return undefined
    return { key: { name: 'Ed25519' }, verify: { name: 'Ed25519' }, signature }
  }
  if (key.kind === 'RSA') {
    const hash = RSA_HASHES.get(signatureAlgorithm)
    const name = 'RSASSA-PKCS1-v1_5'
    return hash === undefined ? undefined : { key: { name, hash }, verify: { name }, signature }
  }
  const hash = ECDSA_HASHES.get(signatureAlgorithm)
  if (hash === undefined) return undefined
  const { namedCurve } = key.curve
  return {
    key: { name: 'ECDSA', namedCurve },
    verify: { name: 'ECDSA', hash },
    signature: rawSignature(signature, key.curve),
  }
}

/** Bytes as `crypto.subtle` is declared to take them; it takes every view. */
const asBytes = (bytes: Uint8Array): Bytes => bytes as Bytes

/**
 * Checks that a request's key is P-256, P-384, P-521, Ed25519 or RSA of 2048 to 4096 bits, and that the request is
 * signed with it by SHA-256, SHA-384 or SHA-512.
 * @throws InstanceIdentityError `malformed_der`, `unsupported_algorithm`
 */
export const checkRequestKey = async (
  request: CertificateRequest,
): Promise<Result<undefined, RequestKeyRefusal>> => {
  const { subjectPublicKeyInfo, signedPart } = request
  const key = readKey(subjectPublicKeyInfo)
  if (key === undefined) return refuse('KeyNotAllowed')
  const verification = verificationOf(key, request)
  if (verification?.signature === undefined) return refuse('SignatureInvalid')
  const { signature, verify, key: algorithm } = verification
  let imported: CryptoKey
  try {
    const spki = asBytes(subjectPublicKeyInfo)
    imported = await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify'])
  } catch {
    // A point that is not on its curve, for example.
    return refuse('KeyNotAllowed')
  }
  const isValid = await crypto.subtle.verify(
    verify,
    imported,
    asBytes(signature),
    asBytes(signedPart),
  )
  return isValid ? accept(undefined) : refuse('SignatureInvalid')
}
