// The checks of a relying party, and what each protects from: the words of the report.

/** Something that a relying party has to check. */
export type Check =
  | 'signature'
  | 'algorithm'
  | 'key'
  | 'issuer'
  | 'audience'
  | 'time'
  | 'type'
  | 'critical'
  | 'binding'
  | 'role'
  | 'form'
  | 'presence'

interface Explained {
  /** What somebody can do at a relying party that does not check it. */
  readonly risk: string
  /** What to configure. */
  readonly rule: string
}

/** Each of them. */
export const CHECKS: Readonly<Record<Check, Explained>> = {
  signature: {
    risk: 'everybody can write tokens that are admitted',
    rule: 'verify the signature with the keys of /.well-known/jwks.json of the issuer, and with no other key',
  },
  algorithm: {
    risk: 'everybody can write tokens that are admitted',
    rule: 'allow the algorithms ES256, RS256 and EdDSA only, never none or HS256',
  },
  key: {
    risk: 'the key is guessed, so a removed key may still be accepted',
    rule: 'take the key whose kid is in the header, and refuse a token without it',
  },
  issuer: {
    risk: 'tokens of another service with the same key are admitted',
    rule: 'compare iss with the URL of the issuer, character by character',
  },
  audience: {
    risk: 'every relying party that gets a token can use it here',
    rule: 'demand your own audience in aud',
  },
  time: {
    risk: 'a stolen token works longer than the policy says',
    rule: 'demand exp, compare exp and nbf with the clock, and allow 30 seconds',
  },
  type: {
    risk: 'a token that was signed for something else is admitted',
    rule: 'demand typ JWT in the header',
  },
  critical: {
    risk: 'a condition that a token names as critical is ignored',
    rule: 'refuse tokens with crit in the header',
  },
  binding: {
    risk: 'a stolen token works without the key that it is bound to',
    rule: 'refuse tokens with cnf, or check the DPoP proof',
  },
  role: {
    risk: 'instances of every role of the policy are admitted',
    rule: 'demand your own role in the claim role',
  },
  form: {
    risk: 'two readers may see different values in it; the risk is small, since only the issuer can make it',
    rule: 'use a stricter library, such as rollcall/relying-party',
  },
  presence: {
    risk: 'everybody is admitted',
    rule: 'demand an Authorization header with a token',
  },
}
