// Large RSA keys without the seconds that generating one takes: each is the product of two primes of RFC 2409 and
// RFC 3526. Everybody knows these primes, so the keys are for tests only.

import {
  type JsonWebKey,
  type KeyObject,
  createPrivateKey,
  createPublicKey,
  getDiffieHellman,
} from 'node:crypto'

/** The groups of node:crypto whose primes make a modulus of that many bits. */
const GROUPS = {
  3072: ['modp14', 'modp2'],
  4096: ['modp15', 'modp2'],
  4608: ['modp15', 'modp5'],
} as const

/** The sizes that there are, in bits. */
export type KnownRsaBits = keyof typeof GROUPS

const EXPONENT = 65_537n

const primeOf = (group: string): bigint => BigInt(`0x${getDiffieHellman(group).getPrime('hex')}`)

/** The inverse of a number modulo another one, by Euclid's algorithm. */
const inverse = (value: bigint, modulus: bigint): bigint => {
  let [previous, current, before, now] = [modulus, value % modulus, 0n, 1n]
  while (current !== 0n) {
    const quotient = previous / current
    ;[previous, current] = [current, previous - quotient * current]
    ;[before, now] = [now, before - quotient * now]
  }
  return ((before % modulus) + modulus) % modulus
}

const base64url = (value: bigint): string => {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}

/** The private key as a JWK (RFC 7518 section 6.3.2). */
export const knownRsaJwk = (bits: KnownRsaBits): JsonWebKey => {
  const [p, q] = GROUPS[bits].map(primeOf) as [bigint, bigint]
  const d = inverse(EXPONENT, (p - 1n) * (q - 1n))
  const numbers = {
    n: p * q,
    e: EXPONENT,
    d,
    p,
    q,
    dp: d % (p - 1n),
    dq: d % (q - 1n),
    qi: inverse(q, p),
  }
  const members = Object.entries(numbers).map(([name, value]) => [name, base64url(value)])
  return { kty: 'RSA', ...Object.fromEntries(members) }
}

/** The key pair. */
export const knownRsaPair = (
  bits: KnownRsaBits,
): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } => {
  const privateKey = createPrivateKey({ key: knownRsaJwk(bits), format: 'jwk' })
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

/** The key pair for WebCrypto, extractable, with SHA-256. */
export const knownRsaCryptoKeys = async (bits: KnownRsaBits): Promise<CryptoKeyPair> => {
  const jwk = knownRsaJwk(bits)
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const load = (key: JsonWebKey, use: KeyUsage): Promise<CryptoKey> =>
    crypto.subtle.importKey('jwk', key as globalThis.JsonWebKey, algorithm, true, [use])
  return {
    privateKey: await load(jwk, 'sign'),
    publicKey: await load({ kty: 'RSA', n: jwk.n as string, e: jwk.e as string }, 'verify'),
  }
}
