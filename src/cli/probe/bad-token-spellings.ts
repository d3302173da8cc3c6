// More bad tokens: other spellings of the attacks that `bad-token-kinds.ts` begins with. A door that refuses one spelling
// may admit the next: `None` for `none`, or the key as DER for the key as PEM.

import type { KeyObject } from 'node:crypto'
import {
  type Good,
  type Kind,
  type Members,
  expiredFor,
  partsOf,
  withClaims,
} from './bad-token-material.ts'
import { compactJws, hmacSigner, part } from './compact-jws.ts'

/** Unsigned, with some members of the header changed. */
const unsigned =
  (change: Members) =>
  ({ header, claims }: Good): string =>
    `${part({ ...header, ...change })}.${part(claims)}.`

const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()

/** Signed by HMAC with something that everybody knows. */
const byHmac =
  (secretOf: (good: Good) => string | Buffer, alg: 'HS256' | 'HS512' = 'HS256') =>
  (good: Good): string =>
    compactJws({ ...good.header, alg }, good.claims, hmacSigner(secretOf(good), alg))

/** The key as the JWKS of the service has it, with its members in the same order. */
const publishedJwk = ({ header, publicKey }: Good): string => {
  const { kty, crv, x, y, n, e } = publicKey.export({ format: 'jwk' })
  const { kid, alg } = header
  return JSON.stringify({ kty, crv, x, y, n, e, kid, alg, use: 'sig' })
}

/** The key without what says its type: PKCS #1 for RSA, the point of a curve, the 32 bytes of Ed25519. */
const bareKey = ({ publicKey }: Good): string | Buffer => {
  if (publicKey.asymmetricKeyType === 'rsa') {
    return publicKey.export({ type: 'pkcs1', format: 'pem' })
  }
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const coordinates = [x, y].map((it) => Buffer.from(it, 'base64url'))
  return Buffer.concat(y === '' ? coordinates : [Buffer.of(4), ...coordinates])
}

/** Each audience of the good token, changed. */
const withAudiences = (change: (audience: string) => string) =>
  withClaims(({ aud }) => ({ aud: (aud as readonly string[]).map(change) }))

const TWO_MINUTES = 120

/** All of them, by name. */
export const SPELLINGS = {
  'alg None': { check: 'algorithm', forge: unsigned({ alg: 'None' }) },
  'alg NONE': { check: 'algorithm', forge: unsigned({ alg: 'NONE' }) },
  'alg nOnE': { check: 'algorithm', forge: unsigned({ alg: 'nOnE' }) },
  'an empty alg': { check: 'algorithm', forge: unsigned({ alg: '' }) },
  'no alg': { check: 'algorithm', forge: unsigned({ alg: undefined }) },
  // Some refuse `none` only if nothing stands behind the last dot.
  'alg none with a signature': {
    check: 'algorithm',
    forge: (good) => unsigned({ alg: 'none' })(good) + partsOf(good.token)[2],
  },
  'HS256 with the PEM, trimmed': {
    check: 'algorithm',
    forge: byHmac(({ publicKey }) => pemOf(publicKey).trim()),
  },
  'HS256 with the DER': {
    check: 'algorithm',
    forge: byHmac(({ publicKey }) => publicKey.export({ type: 'spki', format: 'der' })),
  },
  'HS256 with the JWK': { check: 'algorithm', forge: byHmac(publishedJwk) },
  'HS256 with the bare key': { check: 'algorithm', forge: byHmac(bareKey) },
  'HS256 with an empty secret': { check: 'algorithm', forge: byHmac(() => '') },
  'HS512 with the public key': {
    check: 'algorithm',
    forge: byHmac(({ publicKey }) => pemOf(publicKey), 'HS512'),
  },
  // CVE-2022-21449: Java 15 to 18 took it for a signature by any key.
  'a signature of zeros': {
    check: 'signature',
    forge({ token }) {
      const [head, payload, signature] = partsOf(token)
      const zeros = Buffer.alloc(Buffer.from(signature, 'base64url').length)
      return `${head}.${payload}.${zeros.toString('base64url')}`
    },
  },
  'two parts alone': {
    check: 'signature',
    forge({ token }) {
      const [head, payload] = partsOf(token)
      return `${head}.${payload}`
    },
  },
  'expired two minutes ago': { check: 'time', make: expiredFor(TWO_MINUTES) },
  'aud that begins with yours': {
    check: 'audience',
    make: withAudiences((audience) => `${audience}-other`),
  },
  'aud that ends with yours': {
    check: 'audience',
    make: withAudiences((audience) => `other-${audience}`),
  },
  'aud that is a part of yours': {
    check: 'audience',
    make: withAudiences((audience) => audience.slice(0, -1)),
  },
  'role that begins with yours': {
    check: 'role',
    make: withClaims(({ role }) => ({ role: `${String(role)}-other` })),
  },
  'role that ends with yours': {
    check: 'role',
    make: withClaims(({ role }) => ({ role: `other-${String(role)}` })),
  },
  // Readers that take the first of two equal members see a good token.
  'a claim twice, yours first': {
    check: 'form',
    make: ({ header, claims, sign }) =>
      compactJws(header, JSON.stringify(claims).replace(/\}$/, ',"role":"another-role"}'), sign),
  },
} as const satisfies Readonly<Record<string, Kind>>
