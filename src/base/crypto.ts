// Cryptography as a port: the primitives of an enrollment, behind one interface. An implementation takes key
// material (SPKI, JWK, raw bytes) and gives functions that work with that key, so nothing else can reach it.
// Here is the default, WebCrypto, which every runtime has.

import { type Bytes, fromBase64, toBase64Url } from './bytes.ts'
import type { Awaitable } from './lazily.ts'
import { sha256 } from './sha256.ts'

/** A hash of FIPS 180-4, as WebCrypto names it. */
export type HashName = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'

/** An algorithm that tokens are signed with (RFC 7518, RFC 8037). */
export type SigningAlgorithm = 'ES256' | 'RS256' | 'EdDSA'

/** Whether a signature (RSASSA-PKCS1-v1_5, RFC 8017 section 8.2) over a message verifies under one key. */
export type RsaVerifier = (signature: Uint8Array, message: Uint8Array) => Awaitable<boolean>

/** Signs a message with one key. A signature of ES256 is r and s, 32 bytes each (RFC 7518 section 3.4). */
export type MessageSigner = (message: Uint8Array) => Awaitable<Bytes>

/** HMAC-SHA-256 (RFC 2104) of a message by one key, 32 bytes. */
export type Mac = (message: Uint8Array) => Awaitable<Bytes>

/**
 * The primitives that an enrollment needs. Methods may answer at once or by a promise. They throw, or reject, if
 * the platform does not take a key; a signature that does not verify is `false`.
 */
export interface CryptoPort {
  /** What it is called in messages. */
  readonly name: string
  /**
   * Loads a public key to verify evidence with.
   * @param spki SubjectPublicKeyInfo of an RSA key, DER (RFC 5280 section 4.1.2.7)
   * @param hash the hash of the signatures
   * @returns what verifies
   */
  rsaVerifier(spki: Bytes, hash: HashName): Awaitable<RsaVerifier>
  /**
   * Loads a private key to sign tokens with.
   * @param jwk the members that make the key up, and no others (RFC 7517)
   * @param algorithm what it signs with
   * @returns what signs
   */
  signer(jwk: JsonWebKey, algorithm: SigningAlgorithm): Awaitable<MessageSigner>
  /**
   * Loads a key of HMAC-SHA-256.
   * @param key at least one byte
   * @returns what makes MACs
   */
  hmac(key: Uint8Array): Awaitable<Mac>
  /**
   * Makes the digest of a message.
   * @param hash the hash
   * @param message of any length
   * @returns 20, 32, 48 or 64 bytes
   */
  digest(hash: HashName, message: Uint8Array): Awaitable<Bytes>
  /**
   * Makes the SHA-256 digest of a message at once: for short messages a promise costs more than the hash.
   * @param message of any length
   * @returns 32 bytes
   */
  sha256(message: Uint8Array): Bytes
  /**
   * Decodes padded base64 (RFC 4648 section 4), strictly: for evidence that takes longer than its hash.
   * @param text of any length
   * @returns the bytes; `undefined` for every text but the one that encodes them
   */
  fromBase64(text: string): Bytes | undefined
  /**
   * Encodes base64url without padding (RFC 4648 section 5): for tokens.
   * @param bytes any number of them
   */
  toBase64Url(bytes: Uint8Array): string
}

/**
 * When keys are imported. `at start`: at once, and each is tried, so that an unusable key ends the start.
 * `when used`: at first only form, strength and duplicates are checked, which saves the start of an isolate the
 * processor time of imports; whatever first needs an unusable key then fails, and gives no token.
 */
export type KeyImport = 'at start' | 'when used'

/** How keys are loaded. */
export interface KeyOptions {
  /** Cryptography. Default: WebCrypto. On Node, `NODE_CRYPTO` of `rollcall/node-crypto` takes a third of its time. */
  readonly crypto?: CryptoPort
  /** When keys are imported. Default: `at start`. */
  readonly importKeys?: KeyImport
}

/** What `crypto.subtle` calls the algorithms of tokens. */
export const SUBTLE_ALGORITHMS: Readonly<
  Record<
    SigningAlgorithm,
    { readonly name: string; readonly hash?: string; readonly namedCurve?: string }
  >
> = {
  ES256: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
}

const HMAC = { name: 'HMAC', hash: 'SHA-256' }
const RSA_PKCS1 = 'RSASSA-PKCS1-v1_5'

/** Bytes as `crypto.subtle` is declared to take them; it takes every view. */
const asBytes = (bytes: Uint8Array): Bytes => bytes as Bytes

/** WebCrypto. No key can be exported again. */
export const WEB_CRYPTO: CryptoPort = {
  name: 'WebCrypto',
  async rsaVerifier(spki, hash) {
    const algorithm = { name: RSA_PKCS1, hash }
    const key = await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify'])
    return (signature, message) =>
      crypto.subtle.verify(RSA_PKCS1, key, asBytes(signature), asBytes(message))
  },
  async signer(jwk, name) {
    const algorithm = SUBTLE_ALGORITHMS[name]
    const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign'])
    return async (message) =>
      new Uint8Array(await crypto.subtle.sign(algorithm, key, asBytes(message)))
  },
  async hmac(raw) {
    const key = await crypto.subtle.importKey('raw', asBytes(raw), HMAC, false, ['sign'])
    return async (message) => new Uint8Array(await crypto.subtle.sign(HMAC, key, asBytes(message)))
  },
  async digest(hash, message) {
    return new Uint8Array(await crypto.subtle.digest(hash, asBytes(message)))
  },
  // A call of `crypto.subtle` for these few hundred bytes takes four times as long.
  sha256,
  fromBase64,
  toBase64Url,
}
