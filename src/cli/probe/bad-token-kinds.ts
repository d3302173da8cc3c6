// The bad tokens that every verifier is tried with: each is a good token with one thing wrong. Most are signed with the
// key of the issuer, so that the fault is the only reason to refuse them.

import {
  type Kind,
  expiredFor,
  foreignKey,
  partsOf,
  withClaims,
  withHeader,
} from './bad-token-material.ts'
import { compactJws, hmacSigner, part, signer } from './compact-jws.ts'

const HOUR = 3600

const CERTIFICATE = 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2'

/** The first 25, by name. */
export const KINDS = {
  expired: { check: 'time', make: expiredFor(HOUR) },
  'nbf in half an hour': {
    check: 'time',
    make: withClaims(({ iat }) => ({ nbf: iat + HOUR / 2, exp: iat + HOUR })),
  },
  'no exp': { check: 'time', make: withClaims({ exp: undefined }) },
  'no aud': { check: 'audience', make: withClaims({ aud: undefined }) },
  'another aud': {
    check: 'audience',
    make: withClaims({ aud: ['https://another-audience.example'] }),
  },
  // RFC 7519 allows it. The service always writes a list, so this token is not one of its own.
  'aud as text': {
    check: 'form',
    make: withClaims(({ aud }) => ({ aud: (aud as readonly string[])[0] })),
  },
  'another iss': { check: 'issuer', make: withClaims({ iss: 'https://another-issuer.example' }) },
  'iss with a slash at its end': {
    check: 'issuer',
    make: withClaims(({ iss }) => ({ iss: `${String(iss)}/` })),
  },
  'signed by another key': {
    check: 'signature',
    forge: ({ header, claims, publicKey }) =>
      compactJws(header, claims, signer(foreignKey(publicKey).privateKey)),
  },
  'unknown kid': {
    check: 'key',
    make: withHeader({ kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' }),
  },
  'kid like a path': { check: 'key', make: withHeader({ kid: '../../../../dev/null' }) },
  'no kid': { check: 'key', make: withHeader({ kid: undefined }) },
  "typ of an operator's token": { check: 'type', make: withHeader({ typ: 'rollcall-admin+jwt' }) },
  'typ of a proof': { check: 'type', make: withHeader({ typ: 'dpop+jwt' }) },
  'foreign key in the header': {
    check: 'signature',
    forge({ header, claims, publicKey }) {
      const foreign = foreignKey(publicKey)
      return compactJws({ ...header, jwk: foreign.jwk }, claims, signer(foreign.privateKey))
    },
  },
  'bound to a key': {
    check: 'binding',
    make: (material) => withClaims({ cnf: { jkt: material.jkt } })(material),
  },
  'bound to a certificate': {
    check: 'binding',
    make: withClaims({ cnf: { 'x5t#S256': CERTIFICATE } }),
  },
  'bound to a key and a certificate': {
    check: 'binding',
    make: (material) =>
      withClaims({ cnf: { jkt: material.jkt, 'x5t#S256': CERTIFICATE } })(material),
  },
  'another role': { check: 'role', make: withClaims({ role: 'another-role' }) },
  crit: {
    check: 'critical',
    make: withHeader({ crit: ['rollcall-test'], 'rollcall-test': true }),
  },
  'alg none': {
    check: 'algorithm',
    forge: ({ header, claims }) => `${part({ ...header, alg: 'none' })}.${part(claims)}.`,
  },
  'HS256 with the public key': {
    check: 'algorithm',
    forge({ header, claims, publicKey }) {
      const pem = publicKey.export({ type: 'spki', format: 'pem' })
      return compactJws({ ...header, alg: 'HS256' }, claims, hmacSigner(pem))
    },
  },
  'altered after it was signed': {
    check: 'signature',
    forge({ token, claims }) {
      const [head, , signature] = partsOf(token)
      return `${head}.${part({ ...claims, exp: claims.exp + 1 })}.${signature}`
    },
  },
  'no signature': {
    check: 'signature',
    forge({ token }) {
      const [head, payload] = partsOf(token)
      return `${head}.${payload}.`
    },
  },
  // Readers that take the last of two equal members see a good token; those that take the first, another role.
  'a claim twice': {
    check: 'form',
    make: ({ header, claims, sign }) =>
      compactJws(header, JSON.stringify(claims).replace('{', '{"role":"another-role",'), sign),
  },
} as const satisfies Readonly<Record<string, Kind>>
