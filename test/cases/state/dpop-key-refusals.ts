// Proofs whose key, signature or form must be refused.

import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { proofRefused } from './answer.ts'
import { type Forge, type Forgeries, changed, claim, header } from './dpop-forging.ts'
import { type TestKey, hmacSigner, part, signer } from './independent-jws.ts'
import { makeProof } from './proofs.ts'
import { ISSUER } from './constants.ts'

const malformed = proofRefused('dpop_malformed')
const keyRefused = proofRefused('dpop_key_refused')
const signatureInvalid = proofRefused('dpop_signature_invalid')

/** A good proof, and what becomes of its three parts. */
const parts =
  (change: (parts: [string, string, string]) => string): Forge =>
  (parts) =>
    change(changed({})(parts).split('.') as [string, string, string])

/** A proof by a key of a kind that is not taken, consistent in itself. */
const byKeyPair =
  (
    alg: string,
    pair: { privateKey: TestKey['privateKey']; publicKey: TestKey['publicKey'] },
  ): Forge =>
  ({ key, nonce }) => {
    const jwk = pair.publicKey.export({ format: 'jwk' })
    return makeProof(key, ISSUER, nonce, { header: { alg, jwk }, sign: signer(pair.privateKey) })
  }

const privateJwk = ({ privateKey }: TestKey): unknown => privateKey.export({ format: 'jwk' })
const pemOf = ({ publicKey }: TestKey): string =>
  publicKey.export({ format: 'pem', type: 'spki' }).toString()

/** The DER form of an ECDSA signature, as most of the world has it and JWS has not. */
const derSignature = (raw: Buffer): string => {
  const integers = [raw.subarray(0, 32), raw.subarray(32)].map((half) => {
    const trimmed = half.subarray(half.findIndex((byte) => byte !== 0))
    const positive = (trimmed[0] as number) >= 0x80 ? [0, ...trimmed] : [...trimmed]
    return [0x02, positive.length, ...positive]
  })
  const body = integers.flat()
  return Buffer.from([0x30, body.length, ...body]).toString('base64url')
}

const withJwk = (key: TestKey, nonce: string, jwk: unknown): string =>
  makeProof(key, ISSUER, nonce, { header: { jwk } })

const zeroBefore = (text = ''): string =>
  Buffer.concat([Buffer.of(0), Buffer.from(text, 'base64url')]).toString('base64url')

/** Under this point the platform takes the point itself and 32 zero bytes for a signature of anything. */
const neutral: Forge = ({ key, nonce }) => {
  const point = Buffer.alloc(32, 0).fill(1, 0, 1)
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') }
  const sign = (): Buffer => Buffer.concat([point, Buffer.alloc(32)])
  return makeProof(key, ISSUER, nonce, { header: { alg: 'EdDSA', jwk }, sign })
}

const symmetric = (key: TestKey, nonce: string): string => {
  const secret = Buffer.from(randomUUID())
  const jwk = { kty: 'oct', k: secret.toString('base64url') }
  return makeProof(key, ISSUER, nonce, {
    header: { alg: 'HS256', jwk },
    sign: hmacSigner(secret),
  })
}

/** The first bit of a signature, the other way round. */
const flip = (signature: string): string => {
  const bytes = Buffer.from(signature, 'base64url')
  bytes[5] = (bytes[5] as number) ^ 1
  return bytes.toString('base64url')
}

/** Each, by what it is called. */
export const KEY_FORGERIES: Forgeries = [
  ['no jwk', header('jwk', undefined), keyRefused],
  ['a jwk of null', header('jwk', null), keyRefused],
  [
    'a jwk that is a text',
    ({ key, nonce }) => withJwk(key, nonce, JSON.stringify(key.jwk)),
    keyRefused,
  ],
  ['several jwk', ({ key, nonce }) => withJwk(key, nonce, [key.jwk]), keyRefused],
  [
    'no jwk but its kid',
    ({ key, nonce }) =>
      makeProof(key, ISSUER, nonce, { header: { jwk: undefined, kid: key.thumbprint } }),
    keyRefused,
  ],
  ['a private key in it', ({ key, nonce }) => withJwk(key, nonce, privateJwk(key)), keyRefused],
  ['a d that is empty', ({ key, nonce }) => withJwk(key, nonce, { ...key.jwk, d: '' }), keyRefused],
  ['a d of null', ({ key, nonce }) => withJwk(key, nonce, { ...key.jwk, d: null }), keyRefused],
  [
    'a key for encryption',
    ({ key, nonce }) => withJwk(key, nonce, { ...key.jwk, use: 'enc' }),
    keyRefused,
  ],
  [
    'a key of another alg',
    ({ key, nonce }) => withJwk(key, nonce, { ...key.jwk, alg: 'RS256' }),
    keyRefused,
  ],
  ['half a key', ({ key, nonce }) => withJwk(key, nonce, { ...key.jwk, y: undefined }), keyRefused],
  [
    'a point off the curve',
    ({ key, other, nonce }) => withJwk(key, nonce, { ...key.jwk, y: other.jwk.y }),
    keyRefused,
  ],
  [
    'a key with padding',
    ({ key, nonce }) => withJwk(key, nonce, { ...key.jwk, x: `${key.jwk.x}=` }),
    keyRefused,
  ],
  [
    'a coordinate of 33 bytes',
    ({ key, nonce }) => withJwk(key, nonce, { ...key.jwk, x: zeroBefore(key.jwk.x) }),
    keyRefused,
  ],
  ['the neutral element of Ed25519 and a signature that anybody can make', neutral, keyRefused],
  ['a symmetric key', ({ key, nonce }) => symmetric(key, nonce), keyRefused],
  [
    'a symmetric key beside the public one',
    ({ key, nonce }) => withJwk(key, nonce, { ...key.jwk, k: 'AAAA' }),
    keyRefused,
  ],
  [
    'RSA of 1024 bits',
    byKeyPair('RS256', generateKeyPairSync('rsa', { modulusLength: 1024 })),
    keyRefused,
  ],
  [
    'RSA with the exponent 3',
    byKeyPair('RS256', generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })),
    keyRefused,
  ],
  [
    'ES256 on P-384',
    byKeyPair('ES256', generateKeyPairSync('ec', { namedCurve: 'P-384' })),
    keyRefused,
  ],
  ['ES384', byKeyPair('ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' })), keyRefused],
  [
    'ES256 on secp256k1',
    byKeyPair('ES256', generateKeyPairSync('ec', { namedCurve: 'secp256k1' })),
    keyRefused,
  ],
  [
    'alg none and no signature',
    changed({ header: { alg: 'none' }, sign: () => Buffer.alloc(0) }),
    keyRefused,
  ],
  ['alg None', changed({ header: { alg: 'None' }, sign: () => Buffer.alloc(0) }), keyRefused],
  ['alg none and a good signature', header('alg', 'none'), keyRefused],
  [
    'HS256 with the public key as the secret',
    ({ key, nonce }) =>
      makeProof(key, ISSUER, nonce, { header: { alg: 'HS256' }, sign: hmacSigner(pemOf(key)) }),
    keyRefused,
  ],
  ['the alg of another type of key', header('alg', 'RS256'), keyRefused],
  ['the alg EdDSA', header('alg', 'EdDSA'), keyRefused],
  ['the alg Ed25519', header('alg', 'Ed25519'), keyRefused],
  ['the alg in lower case', header('alg', 'es256'), keyRefused],
  ['no alg', header('alg', undefined), malformed],

  [
    'a signature of another key',
    ({ key, other, nonce }) => makeProof(key, ISSUER, nonce, { sign: signer(other.privateKey) }),
    signatureInvalid,
  ],
  [
    'a signature altered in a bit',
    parts(([head, body, signature]) => `${head}.${body}.${flip(signature)}`),
    signatureInvalid,
  ],
  [
    'claims altered after it was signed',
    parts(([head, , signature]) => `${head}.${part({ htm: 'POST' })}.${signature}`),
    signatureInvalid,
  ],
  ['no signature', parts(([head, body]) => `${head}.${body}.`), signatureInvalid],
  [
    'half a signature',
    parts(([head, body, signature]) => `${head}.${body}.${signature.slice(0, 43)}`),
    signatureInvalid,
  ],
  [
    'a signature of zeros',
    parts(([head, body]) => `${head}.${body}.${'A'.repeat(86)}`),
    signatureInvalid,
  ],
  [
    'a signature in DER',
    parts(
      ([head, body, signature]) =>
        `${head}.${body}.${derSignature(Buffer.from(signature, 'base64url'))}`,
    ),
    signatureInvalid,
  ],

  ['two parts', parts(([head, body]) => `${head}.${body}`), malformed],
  ['four parts', parts((all) => `${all.join('.')}.`), malformed],
  [
    'a header of its own that is no JSON',
    parts(([, body, signature]) => `${part('{')}.${body}.${signature}`),
    malformed,
  ],
  [
    'the parts as JSON',
    parts(([head, payload, signature]) => JSON.stringify({ protected: head, payload, signature })),
    malformed,
  ],
  ['the word DPoP before it', parts((all) => `DPoP ${all.join('.')}`), malformed],
  ['itself behind it', parts((all) => `${all.join('.')}, ${all.join('.')}`), malformed],
  ['nothing in it', () => '', malformed],
  ['no more than a dot or two', () => '..', malformed],
  ['more than 8 KiB', claim('more', 'x'.repeat(6_200)), malformed],
]
