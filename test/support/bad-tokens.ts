// Bad tokens for relying parties: each is a good token with one thing wrong, signed with the service's own key by
// node:crypto alone. Beside each stands what this project's own verifiers must say of it.

import {
  type JsonWebKey,
  type KeyObject,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
} from 'node:crypto'
import type { TokenErrorCode } from '../../src/relying-party/token-error.ts'
import { type Sign, compactJws, hmacSigner, part, signer } from '../cases/state/independent-jws.ts'

type Members = Readonly<Record<string, unknown>>

/** What bad tokens are made from. */
export interface BadTokenSource {
  /** A token of the service that a relying party admits: unbound, not expired. */
  readonly goodToken: string
  /** The private JWKS of the service, as it is configured; the first key signs. */
  readonly privateKeys: string
  /** Thumbprint of the key that bound tokens are bound to. Default: of a key that nobody has. */
  readonly jkt?: string
}

interface Material {
  readonly header: Members
  readonly claims: Members & { readonly exp: number; readonly nbf: number; readonly iat: number }
  readonly privateKey: KeyObject
  readonly sign: Sign
  readonly jkt: string
}

/** What the project's own verifiers say of a bad token. */
interface Verdict {
  readonly make: (material: Material) => string
  /** Code of the `TokenError` of `rollcall/relying-party`, by default options. */
  readonly library: TokenErrorCode
  /** Status of `/v1/authorize`, which is asked for the token's own audience and role. */
  readonly authorize: 401 | 403
  /**
   * Whether introspection calls it active for an operator: audience, role and the proof are for the relying party to
   * check. A relying party's own key gets `active: false` for another audience too.
   */
  readonly active?: true
}

const HOUR = 3600

/** Signs the good claims, with some of them changed; `undefined` leaves one out. */
const withClaims =
  (change: Members | ((claims: Material['claims']) => Members)) =>
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

/** A key that the service does not have, of the same type as the one that it has. */
const foreignKey = (like: KeyObject): { privateKey: KeyObject; jwk: JsonWebKey } => {
  const pair =
    like.asymmetricKeyType === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : like.asymmetricKeyType === 'ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey: pair.privateKey, jwk: pair.publicKey.export({ format: 'jwk' }) }
}

const bySecretOfPublicKey = ({ header, claims, privateKey }: Material): string => {
  const pem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' })
  return compactJws({ ...header, alg: 'HS256' }, claims, hmacSigner(pem))
}

const signedParts = (token: string): [string, string, string] =>
  token.split('.') as [string, string, string]

const CERTIFICATE = 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2'

const VERDICTS = {
  expired: {
    // Every time is an hour back, so that the token is like any that was kept too long.
    make: withClaims(({ iat, nbf, exp }) => {
      const back = exp - Math.floor(Date.now() / 1000) + HOUR
      return { iat: iat - back, nbf: nbf - back, exp: exp - back }
    }),
    library: 'token_expired',
    authorize: 401,
  },
  'nbf in half an hour': {
    make: withClaims(({ iat }) => ({ nbf: iat + HOUR / 2, exp: iat + HOUR })),
    library: 'token_not_yet_valid',
    authorize: 401,
  },
  'no exp': {
    make: withClaims({ exp: undefined }),
    library: 'claims_incomplete',
    authorize: 401,
  },
  'no aud': {
    make: withClaims({ aud: undefined }),
    library: 'claims_incomplete',
    authorize: 401,
  },
  'another aud': {
    make: withClaims({ aud: ['https://another-audience.example'] }),
    library: 'audience_mismatch',
    authorize: 403,
    active: true,
  },
  // RFC 7519 allows it. The service always writes a list, so this token is not one of its own.
  'aud as text': {
    make: withClaims(({ aud }) => ({ aud: (aud as readonly string[])[0] })),
    library: 'claims_incomplete',
    authorize: 401,
  },
  'another iss': {
    make: withClaims({ iss: 'https://another-issuer.example' }),
    library: 'issuer_mismatch',
    authorize: 401,
  },
  'iss with a slash at its end': {
    make: withClaims(({ iss }) => ({ iss: `${String(iss)}/` })),
    library: 'issuer_mismatch',
    authorize: 401,
  },
  'signed by another key': {
    make: ({ header, claims, privateKey }) =>
      compactJws(header, claims, signer(foreignKey(privateKey).privateKey)),
    library: 'signature_invalid',
    authorize: 401,
  },
  'unknown kid': {
    make: withHeader({ kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' }),
    library: 'key_unknown',
    authorize: 401,
  },
  'kid like a path': {
    make: withHeader({ kid: '../../../../dev/null' }),
    library: 'key_unknown',
    authorize: 401,
  },
  'no kid': { make: withHeader({ kid: undefined }), library: 'key_unknown', authorize: 401 },
  "typ of an operator's token": {
    make: withHeader({ typ: 'rollcall-admin+jwt' }),
    library: 'token_malformed',
    authorize: 401,
  },
  'typ of a proof': {
    make: withHeader({ typ: 'dpop+jwt' }),
    library: 'token_malformed',
    authorize: 401,
  },
  'foreign key in the header': {
    make({ header, claims, privateKey }) {
      const foreign = foreignKey(privateKey)
      return compactJws({ ...header, jwk: foreign.jwk }, claims, signer(foreign.privateKey))
    },
    library: 'signature_invalid',
    authorize: 401,
  },
  'bound to a key': {
    make: (material) => withClaims({ cnf: { jkt: material.jkt } })(material),
    library: 'bound_token_refused',
    authorize: 401,
    active: true,
  },
  'bound to a certificate': {
    make: withClaims({ cnf: { 'x5t#S256': CERTIFICATE } }),
    library: 'binding_unknown',
    authorize: 401,
  },
  'bound to a key and a certificate': {
    make: (material) =>
      withClaims({ cnf: { jkt: material.jkt, 'x5t#S256': CERTIFICATE } })(material),
    library: 'binding_unknown',
    authorize: 401,
  },
  'another role': {
    make: withClaims({ role: 'another-role' }),
    library: 'role_not_allowed',
    authorize: 403,
    active: true,
  },
  crit: {
    make: withHeader({ crit: ['rollcall-test'], 'rollcall-test': true }),
    library: 'token_malformed',
    authorize: 401,
  },
  'alg none': {
    make: ({ header, claims }) => `${part({ ...header, alg: 'none' })}.${part(claims)}.`,
    library: 'algorithm_refused',
    authorize: 401,
  },
  'HS256 with the public key': {
    make: bySecretOfPublicKey,
    library: 'algorithm_refused',
    authorize: 401,
  },
  'altered after it was signed': {
    make({ header, claims, sign }) {
      const [head, , signature] = signedParts(compactJws(header, claims, sign))
      return `${head}.${part({ ...claims, exp: claims.exp + 1 })}.${signature}`
    },
    library: 'signature_invalid',
    authorize: 401,
  },
  'no signature': {
    make({ header, claims, sign }) {
      const [head, payload] = signedParts(compactJws(header, claims, sign))
      return `${head}.${payload}.`
    },
    library: 'signature_invalid',
    authorize: 401,
  },
  // Readers that take the last of two equal members see a good token; those that take the first, another role.
  'a claim twice': {
    make: ({ header, claims, sign }) =>
      compactJws(header, JSON.stringify(claims).replace('{', '{"role":"another-role",'), sign),
    library: 'token_malformed',
    authorize: 401,
  },
} as const satisfies Readonly<Record<string, Verdict>>

/** The name of a bad token, which is what is wrong with it. */
export type BadTokenName = keyof typeof VERDICTS

/** Every name, 25 of them. */
export const BAD_TOKEN_NAMES = Object.keys(VERDICTS) as BadTokenName[]

/** What the project's own verifiers must say, by name. */
export const BAD_TOKENS: Readonly<Record<BadTokenName, Omit<Verdict, 'make'>>> = VERDICTS

/** One bad token: its name, the token, and whether it would be good with a proof by the key of `jkt`. */
export type BadToken = readonly [name: BadTokenName, token: string, needsProof?: true]

const NOBODYS_KEY = 'gXEc2IM4m4hUv9N4ZwGvL4jKWyyWlaAWo-C0Y2-ZC8g'

const parse = (text: string): Members =>
  JSON.parse(Buffer.from(text, 'base64url').toString()) as Members

const materialOf = ({ goodToken, privateKeys, jkt = NOBODYS_KEY }: BadTokenSource): Material => {
  const [header, payload] = signedParts(goodToken)
  const { keys } = JSON.parse(privateKeys) as { keys: [JsonWebKey] }
  const privateKey = createPrivateKey({ key: keys[0], format: 'jwk' })
  const claims = parse(payload) as Material['claims']
  return { header: parse(header), claims, privateKey, sign: signer(privateKey), jkt }
}

/** The good token with some claims changed, signed with the service's key: a variant of a test's own. */
export const resignToken = (source: BadTokenSource, change: Members): string =>
  withClaims(change)(materialOf(source))

/** Makes all 25, in the order of {@link BAD_TOKEN_NAMES}. */
export const makeBadTokens = (source: BadTokenSource): readonly BadToken[] => {
  const material = materialOf(source)
  return BAD_TOKEN_NAMES.map((name) => {
    const token = VERDICTS[name].make(material)
    return name === 'bound to a key' ? [name, token, true] : [name, token]
  })
}
