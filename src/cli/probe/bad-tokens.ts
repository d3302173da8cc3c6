// The bad tokens: each is a good token with one thing wrong. Most are signed with the key of the issuer, so that the
// fault is the only reason to refuse them.

import {
  type JsonWebKey,
  type KeyObject,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
} from 'node:crypto'
import type { Check } from './checks.ts'
import { type Sign, compactJws, hmacSigner, part, signer } from './compact-jws.ts'

type Members = Readonly<Record<string, unknown>>

/** A token that a relying party admits, in its parts. */
interface Good {
  readonly token: string
  readonly header: Members
  readonly claims: Members & { readonly exp: number; readonly nbf: number; readonly iat: number }
  /** The public key of the issuer that signed the token. */
  readonly publicKey: KeyObject
}

/** What is signed anew needs the key of the issuer. */
interface Material extends Good {
  readonly sign: Sign
  /** Thumbprint of the key that bound tokens are bound to. */
  readonly jkt: string
}

/** One kind of bad token: by the public key alone, or by the private key of the issuer. */
type Kind = { readonly check: Check } & (
  { readonly forge: (good: Good) => string } | { readonly make: (material: Material) => string }
)

const HOUR = 3600

/** Signs the good claims, with some of them changed; `undefined` leaves one out. */
const withClaims =
  (change: Members | ((claims: Good['claims']) => Members)) =>
  ({ header, claims, sign }: Material): string =>
    compactJws(
      header,
      { ...claims, ...(typeof change === 'function' ? change(claims) : change) },
      sign,
    )

/** Signs the good claims under a header with some members changed. */
const withHeader =
  (change: Members) =>
  ({ header, claims, sign }: Material): string =>
    compactJws({ ...header, ...change }, claims, sign)

/** A key that the issuer does not have, of the same type as the one that it has. */
const foreignKey = (like: KeyObject): { privateKey: KeyObject; jwk: JsonWebKey } => {
  const pair =
    like.asymmetricKeyType === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : like.asymmetricKeyType === 'ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey: pair.privateKey, jwk: pair.publicKey.export({ format: 'jwk' }) }
}

const partsOf = (token: string): [string, string, string] =>
  token.split('.') as [string, string, string]

const CERTIFICATE = 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2'

const KINDS = {
  expired: {
    check: 'time',
    // Every time is an hour back, so that the token is like any that was kept too long.
    make: withClaims(({ iat, nbf, exp }) => {
      const back = exp - Math.floor(Date.now() / 1000) + HOUR
      return { iat: iat - back, nbf: nbf - back, exp: exp - back }
    }),
  },
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

/** The name of a bad token, which is what is wrong with it. */
export type BadTokenName = keyof typeof KINDS

/** Every name, 25 of them. */
export const BAD_TOKEN_NAMES = Object.keys(KINDS) as BadTokenName[]

/** What a relying party has to check, to refuse it. */
export const checkOf = (name: BadTokenName): Check => KINDS[name].check

/** Those that everybody can make who has a good token and the public key of the issuer. */
export const FORGED_NAMES: readonly BadTokenName[] = BAD_TOKEN_NAMES.filter(
  (name) => 'forge' in KINDS[name],
)

const NOBODYS_KEY = 'gXEc2IM4m4hUv9N4ZwGvL4jKWyyWlaAWo-C0Y2-ZC8g'

const members = (text: string): Members =>
  JSON.parse(Buffer.from(text, 'base64url').toString()) as Members

const goodOf = (token: string, publicKey: KeyObject): Good => {
  const [header, payload] = partsOf(token)
  return {
    token,
    header: members(header),
    claims: members(payload) as Good['claims'],
    publicKey,
  }
}

const materialOf = (token: string, privateKey: KeyObject, jkt: string): Material => ({
  ...goodOf(token, createPublicKey(privateKey)),
  sign: signer(privateKey),
  jkt,
})

/** Makes one of {@link FORGED_NAMES}. @param token a good one; its claims are in the bad token, too */
export const forgeBadToken = (name: BadTokenName, token: string, publicKey: KeyObject): string => {
  const kind: Kind = KINDS[name]
  if (!('forge' in kind)) throw new RangeError(`${name}: needs the key of the issuer`)
  return kind.forge(goodOf(token, publicKey))
}

/**
 * Makes any of the 25.
 * @param token a good one, unbound; its claims are in the bad token, too
 * @param privateKey the key that signed it
 * @param jkt thumbprint of the key that bound tokens are bound to. Default: of a key that nobody has
 */
export const makeBadToken = (
  name: BadTokenName,
  token: string,
  privateKey: KeyObject,
  jkt: string = NOBODYS_KEY,
): string => {
  const kind: Kind = KINDS[name]
  const material = materialOf(token, privateKey, jkt)
  return 'forge' in kind ? kind.forge(material) : kind.make(material)
}

/** The good token with some claims changed, signed with the key of the issuer. */
export const resign = (token: string, privateKey: KeyObject, change: Members): string =>
  withClaims(change)(materialOf(token, privateKey, NOBODYS_KEY))

/** The first key of a private JWKS, which is the one that signs. */
export const firstPrivateKey = (jwks: string): KeyObject => {
  const { keys } = JSON.parse(jwks) as { keys: [JsonWebKey] }
  return createPrivateKey({ key: keys[0], format: 'jwk' })
}
