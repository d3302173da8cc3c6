// Trust anchors: pinned signing certificates. Each is the key that signs evidence, not a CA: no
// chain is built from it. Plain data, so that it can be built in, logged and compared. No I/O.

import { type Bytes, toHex } from '../base/bytes.ts'
import {
  type CryptoPort,
  type HashName,
  type KeyOptions,
  type RsaVerifier,
  WEB_CRYPTO,
} from '../base/crypto.ts'
import { type Awaitable, lazily } from '../base/lazily.ts'
import { readCertificate } from '../codec/certificate.ts'
import { derReader, expectEnd } from '../codec/der.ts'
import { decodeCertificates } from '../codec/pem.ts'
import { readRsaPublicKey } from '../codec/rsa-public-key.ts'
import { InstanceIdentityError } from '../base/errors.ts'
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

/** The verifiers of an anchor, by hash. */
type Verifiers = Map<HashName, () => Awaitable<RsaVerifier>>

/** Verifiers by implementation and anchor: loading a key costs more than verifying. */
const loaded = /* @__PURE__ */ new WeakMap<CryptoPort, WeakMap<TrustAnchor, Verifiers>>()

const verifiersOf = (crypto: CryptoPort, anchor: TrustAnchor): Verifiers => {
  let byAnchor = loaded.get(crypto)
  if (byAnchor === undefined) loaded.set(crypto, (byAnchor = new WeakMap()))
  let verifiers = byAnchor.get(anchor)
  if (verifiers === undefined) byAnchor.set(anchor, (verifiers = new Map()))
  return verifiers
}

/**
 * The verifier under the key of an anchor for one hash, loaded on first use and kept.
 * @throws InstanceIdentityError `unsupported_algorithm` if the platform refuses the key
 */
export const verifierOf = (
  anchor: TrustAnchor,
  hash: HashName,
  crypto: CryptoPort,
): Awaitable<RsaVerifier> => {
  const verifiers = verifiersOf(crypto, anchor)
  let verifier = verifiers.get(hash)
  if (verifier === undefined) {
    verifier = lazily(async () => {
      try {
        return await crypto.rsaVerifier(anchor.publicKey, hash)
      } catch (cause) {
        const message = 'a trust anchor whose key cannot be imported'
        throw new InstanceIdentityError('unsupported_algorithm', message, { cause })
      }
    })
    verifiers.set(hash, verifier)
  }
  return verifier()
}

/**
 * Reads the trust anchors of a PEM file, which replace the built-in ones.
 * @param pem one or more certificates labelled `CERTIFICATE`, each with an RSA key of at least 2048 bits
 * @param options how their keys are loaded. Default: by WebCrypto, at once
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
export const parseTrustAnchors = async (
  pem: string,
  { crypto = WEB_CRYPTO, importKeys = 'at start' }: KeyOptions = {},
): Promise<TrustAnchor[]> => {
  const anchors = decodeCertificates(pem).map(createTrustAnchor)
  if (importKeys === 'at start') {
    for (const anchor of anchors) await verifierOf(anchor, 'SHA-256', crypto)
  }
  return anchors
}
