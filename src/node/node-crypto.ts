/**
 * Synchronous cryptography of Node, for programs that embed the service there. It takes a third of the processor
 * time of WebCrypto, whose calls each go through a thread. WebCrypto's promise that a private key can't be exported
 * doesn't hold: the key is in the memory of the process either way.
 *
 * @example
 * ```ts
 * import { createService, parseConfig } from 'rollcall/service'
 * import { createMemoryLedger } from 'rollcall/ledger/memory'
 * import { NODE_CRYPTO } from 'rollcall/node-crypto'
 *
 * const config = await parseConfig(
 *   {
 *     ROLLCALL_ISSUER: 'http://localhost:8787',
 *     ROLLCALL_SIGNING_KEYS: process.env['ROLLCALL_SIGNING_KEYS'],
 *     ROLLCALL_POLICY: JSON.stringify({
 *       roles: {
 *         worker: {
 *           match: { owner_account_id: ['1609123456789012'] },
 *           token: { audience: ['https://cluster.example'] },
 *           reenrollment: 'never',
 *         },
 *       },
 *     }),
 *   },
 *   { crypto: NODE_CRYPTO },
 * )
 * const service = await createService({ config, ledger: createMemoryLedger() })
 * const response = await service.fetch(new Request(`${config.issuer}/healthz`))
 * console.log(response.status) // 200
 * ```
 * @module rollcall/node-crypto
 */

import {
  type KeyObject,
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hash as digestOf,
  sign,
  verify,
} from 'node:crypto'
import type { Bytes } from '../base/bytes.ts'
import type { CryptoPort, HashName, MessageSigner, SigningAlgorithm } from '../base/crypto.ts'

export type { CryptoPort } from '../base/crypto.ts'

const HASHES: Readonly<Record<HashName, string>> = {
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
}

/** What a key of an algorithm is to Node: its type, or the curve of a key of type `ec`. */
const KEY_TYPES: Readonly<Record<SigningAlgorithm, string>> = {
  ES256: 'prime256v1',
  RS256: 'rsa',
  EdDSA: 'ed25519',
}

/** Without the methods of a Buffer, some of which do other things than those of a Uint8Array. */
const plain = ({ buffer, byteOffset, length }: Buffer): Bytes =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, length)

const expectType = (key: KeyObject, type: string): void => {
  const { asymmetricKeyType, asymmetricKeyDetails } = key
  const found = asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType
  if (found !== type) throw new TypeError(`expected a key of type ${type}`)
}

const signerWith = (key: KeyObject, algorithm: SigningAlgorithm): MessageSigner => {
  // RFC 7518 section 3.4 wants r and s; by default Node writes them in DER. Other keys than ECDSA's ignore this.
  const options = { key, dsaEncoding: 'ieee-p1363' } as const
  const hash = algorithm === 'EdDSA' ? null : 'sha256'
  return (message) => plain(sign(hash, message, options))
}

/** The synchronous cryptography of `node:crypto`. */
export const NODE_CRYPTO: CryptoPort = {
  name: 'node:crypto',
  rsaVerifier(spki, hash) {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    expectType(key, 'rsa')
    const options = { key, padding: constants.RSA_PKCS1_PADDING }
    const name = HASHES[hash]
    return (signature, message) => verify(name, message, options, signature)
  },
  signer(jwk, algorithm) {
    const key = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
    expectType(key, KEY_TYPES[algorithm])
    return signerWith(key, algorithm)
  },
  hmac(raw) {
    const key = createSecretKey(raw)
    return (message) => plain(createHmac('sha256', key).update(message).digest())
  },
  digest: (hash, message) => plain(digestOf(HASHES[hash], message, 'buffer')),
  sha256: (message) => plain(digestOf('sha256', message, 'buffer')),
  fromBase64(text) {
    const bytes = Buffer.from(text, 'base64')
    // Node skips wrong characters and takes base64url as well, so only the canonical text is let through.
    return bytes.toString('base64') === text ? plain(bytes) : undefined
  },
  toBase64Url: ({ buffer, byteOffset, length }) =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, length).toString('base64url'),
}
