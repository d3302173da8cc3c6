// Trust anchors: pinned signing certificates. Each is the key that signs evidence, not a CA: no
// chain is built from it. Plain data, so that it can be built in, logged and compared. No I/O.

import { type Bytes, toHex } from '../base/bytes.ts'
import { readCertificate } from '../codec/certificate.ts'
import { derReader, expectEnd } from '../codec/der.ts'
import { decodeCertificates } from '../codec/pem.ts'
import { readRsaPublicKey } from '../codec/rsa-public-key.ts'
import { InstanceIdentityError } from '../base/errors.ts'
import type { SignatureAlgorithm } from './algorithms.ts'
import { sha256 } from '../base/sha256.ts'

const MIN_MODULUS_BITS = 2048
const PUBLIC_EXPONENT_HEX = '010001'

/** A pinned signing certificate, as plain data. */
export interface TrustAnchor {
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string
  /** The issuer's Name, DER with tag and length. */
  readonly issuer: Bytes
  /** The contents of the serial number's INTEGER. */
  readonly serialNumber: Bytes
  /** Unix seconds, the first valid second. */
  readonly notBefore: number
  /** Unix seconds, the last valid second. */
  readonly notAfter: number
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Bytes
  /** Whether the metadata emulator made the certificate, which signs any identity for anybody. */
  readonly emulated: boolean
}

/**
 * Makes a trust anchor of one certificate.
 * @param der the certificate, nothing after it
 * @throws InstanceIdentityError `malformed_der`, `unsupported_structure`; `unsupported_algorithm`
 *   for a key that is not RSA of at least 2048 bits with e = 65537
 */
export const createTrustAnchor = (der: Uint8Array): TrustAnchor => {
  const reader = derReader(der)
  const certificate = readCertificate(reader)
  expectEnd(reader)
  const key = readRsaPublicKey(certificate.subjectPublicKeyInfo, der)
  const isWeak = key.modulusBits < MIN_MODULUS_BITS || key.modulusIsEven
  if (isWeak || toHex(key.publicExponent) !== PUBLIC_EXPONENT_HEX) {
    throw new InstanceIdentityError(
      'unsupported_algorithm',
      'a trust anchor needs an RSA key of at least 2048 bits with e = 65537 and an odd modulus',
    )
  }
  return {
    fingerprint: toHex(sha256(der)),
    issuer: Uint8Array.from(certificate.issuer),
    serialNumber: Uint8Array.from(certificate.serialNumber),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    publicKey: Uint8Array.from(certificate.subjectPublicKeyInfo),
    emulated: certificate.emulated,
  }
}

/** Imported keys by anchor and hash: importing costs more than verifying. */
const keys = /* @__PURE__ */ new WeakMap<TrustAnchor, Map<string, Promise<CryptoKey>>>()

/**
 * The verification key of an anchor for one hash, imported on first use and kept.
 * @throws InstanceIdentityError `unsupported_algorithm` if the platform refuses the key
 */
export const verificationKey = (
  anchor: TrustAnchor,
  { hash }: Pick<SignatureAlgorithm, 'hash'>,
): Promise<CryptoKey> => {
  let byHash = keys.get(anchor)
  if (byHash === undefined) keys.set(anchor, (byHash = new Map()))
  let key = byHash.get(hash)
  if (key === undefined) {
    key = crypto.subtle
      .importKey('spki', anchor.publicKey, { name: 'RSASSA-PKCS1-v1_5', hash }, false, ['verify'])
      .catch((cause: unknown) => {
        const message = 'a trust anchor whose key cannot be imported'
        throw new InstanceIdentityError('unsupported_algorithm', message, { cause })
      })
    byHash.set(hash, key)
  }
  return key
}

/**
 * Reads the trust anchors of a PEM file, which replace the built-in ones.
 * @param pem one or more certificates labelled `CERTIFICATE`, each with an RSA key of at least 2048 bits
 * @returns the trust anchors, in the order of the file
 * @throws InstanceIdentityError `malformed_encoding` if there is no certificate or the PEM is broken;
 *   `malformed_der` or `unsupported_structure` if a certificate cannot be read; `unsupported_algorithm` if its key
 *   is weak
 * @example
 * ```ts
 * import { parseTrustAnchors } from 'rollcall'
 * import { createMetadataEmulator } from 'rollcall/emulator'
 *
 * const { certificatePem } = await createMetadataEmulator()
 * const [anchor] = await parseTrustAnchors(certificatePem)
 * console.log(anchor?.emulated) // true
 * ```
 * @see RFC 7468 (PEM), RFC 5280 (certificates)
 */
export const parseTrustAnchors = async (pem: string): Promise<TrustAnchor[]> => {
  const anchors = decodeCertificates(pem).map(createTrustAnchor)
  for (const anchor of anchors) await verificationKey(anchor, { hash: 'SHA-256' })
  return anchors
}
