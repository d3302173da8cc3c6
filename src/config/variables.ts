// The variables of the service, a row each. The configuration's type, its messages, and the names that are known follow
// from it; `test/generate/variable-texts.ts` says what the pages tell of each. Nothing that weakens security is a default.

import type { KubernetesCluster } from '../admit/kubernetes/token-review.ts'
import type { TrustedProxy } from '../admit/proxies.ts'
import type { Bytes } from '../base/bytes.ts'
import { refuse } from '../base/result.ts'
import type { LedgerConfig } from '../ledger/configured.ts'
import { type Policy, parsePolicy } from '../policy/policy.ts'
import { MAX_CHALLENGE_LIFETIME_SECONDS } from '../registry/lifetimes.ts'
import { type OperatorKey, parseOperatorKeys } from '../token/operator-keys.ts'
import { type RelyingPartyKey, parseRelyingPartyKeys } from '../token/relying-party-keys.ts'
import { type SigningKeys, parseSigningKeys } from '../token/signing-keys.ts'
import { ALIBABA_CLOUD_TRUST_ANCHORS } from '../verify/alibaba-cloud.ts'
import { type TrustAnchor, parseTrustAnchors } from '../verify/trust-anchor.ts'
import { parseIssuer } from './issuer.ts'
import { caught, parseBoolean, parseChallengeKeys, parseHost, parseInteger } from './parsers.ts'
import { parseKubernetes } from './kubernetes.ts'
import { parseProxies } from './proxies.ts'
import type { Missing, Variable } from './variable.ts'

/** A variable that must be set. */
const required = (hint: string) => (): Missing<never> => ({ hint })

/** A variable that may be left out. */
const byDefault =
  <Value>(value: Value) =>
  (): Missing<Value> => ({ value })

const everywhere = { file: true, where: 'everywhere' } as const

/** Each row by the name of its value in the configuration. */
export const VARIABLES: {
  /** `https://host[:port]`, exactly as in tokens. */
  readonly issuer: Variable<string>
  /** The keys that sign tokens, and the published ones. */
  readonly signingKeys: Variable<SigningKeys>
  /** Which instances may enroll, and in which role. */
  readonly policy: Variable<Policy>
  /** The certificates that evidence is verified under. Default: those of Alibaba Cloud. */
  readonly trustAnchors: Variable<readonly TrustAnchor[]>
  /** `undefined` where the runtime has a ledger of its own. */
  readonly ledger: Variable<LedgerConfig | undefined>
  /** How long a challenge is valid, 1 to 3600 seconds. Default: 120. */
  readonly challengeLifetimeSeconds: Variable<number>
  /** 32 bytes each; `undefined`: derived from the signing keys. */
  readonly challengeKeys: Variable<readonly Bytes[] | undefined>
  /** Whether SHA-1 is accepted, which ECS signs with. Default: true. */
  readonly allowSha1: Variable<boolean>
  /** Keys of operators; `undefined`: there are no calls of operators. */
  readonly operatorKeys: Variable<readonly OperatorKey[] | undefined>
  /** Keys of relying parties; `undefined`: only operators may introspect tokens. */
  readonly relyingPartyKeys: Variable<readonly RelyingPartyKey[] | undefined>
  /** Proxies that may ask `/v1/authorize` about bound tokens. Default: none. */
  readonly proxies: Variable<readonly TrustedProxy[]>
  /** The cluster whose API server asks about tokens; `undefined`: none may ask. */
  readonly kubernetes: Variable<KubernetesCluster | undefined>
  /** Whether requests and tokens that proxies and the API server ask about have an audit event when admitted. Default: false. */
  readonly auditAuthorize: Variable<boolean>
  /** The address to listen on. Default: `127.0.0.1`. */
  readonly host: Variable<string>
  /** The port to listen on, 0 to 65535; 0: any free one. Default: 8787. */
  readonly port: Variable<number>
} = {
  issuer: {
    name: 'ROLLCALL_ISSUER',
    secret: false,
    ...everywhere,
    missing: required('set the public URL of this service'),
    parse: parseIssuer,
  },
  signingKeys: {
    name: 'ROLLCALL_SIGNING_KEYS',
    secret: true,
    ...everywhere,
    missing: required('set a private JWKS, which `rollcall keygen` makes'),
    parse: caught(parseSigningKeys),
  },
  policy: {
    name: 'ROLLCALL_POLICY',
    secret: false,
    ...everywhere,
    missing: required('set the roles: {"roles": {"NAME": {...}}}'),
    parse: caught(parsePolicy),
  },
  trustAnchors: {
    name: 'ROLLCALL_TRUST_ANCHORS',
    secret: false,
    ...everywhere,
    missing: byDefault(ALIBABA_CLOUD_TRUST_ANCHORS),
    parse: caught(parseTrustAnchors),
  },
  ledger: {
    name: 'ROLLCALL_LEDGER',
    // A Redis URL may hold a password.
    secret: true,
    file: true,
    where: 'not on Workers',
    missing: ({ readLedger, defaultLedger }) =>
      readLedger !== undefined && defaultLedger === undefined
        ? { hint: 'say where state is stored, such as sqlite:PATH' }
        : { value: defaultLedger },
    parse: (text, runtime) => {
      const { readLedger } = runtime
      return readLedger === undefined
        ? refuse(['cannot be set here, because this runtime has a ledger of its own; remove it'])
        : caught(readLedger)(text, runtime)
    },
  },
  challengeLifetimeSeconds: {
    name: 'ROLLCALL_CHALLENGE_LIFETIME_SECONDS',
    secret: false,
    ...everywhere,
    missing: byDefault(120),
    parse: parseInteger(1, MAX_CHALLENGE_LIFETIME_SECONDS),
  },
  challengeKeys: {
    name: 'ROLLCALL_CHALLENGE_KEYS',
    secret: true,
    ...everywhere,
    missing: byDefault(undefined),
    parse: parseChallengeKeys,
  },
  allowSha1: {
    name: 'ROLLCALL_ALLOW_SHA1',
    secret: false,
    ...everywhere,
    missing: byDefault(true),
    parse: parseBoolean,
  },
  operatorKeys: {
    name: 'ROLLCALL_ADMIN_KEYS',
    secret: false,
    ...everywhere,
    missing: byDefault(undefined),
    parse: caught(parseOperatorKeys),
  },
  relyingPartyKeys: {
    name: 'ROLLCALL_RELYING_PARTY_KEYS',
    secret: false,
    ...everywhere,
    missing: byDefault(undefined),
    parse: caught(parseRelyingPartyKeys),
  },
  proxies: {
    name: 'ROLLCALL_PROXIES',
    // It has hashes only; those of random secrets tell nothing.
    secret: false,
    ...everywhere,
    missing: byDefault([]),
    parse: parseProxies,
  },
  kubernetes: {
    name: 'ROLLCALL_KUBERNETES',
    // It has hashes only, as the proxies.
    secret: false,
    ...everywhere,
    missing: byDefault(undefined),
    parse: parseKubernetes,
  },
  auditAuthorize: {
    name: 'ROLLCALL_AUDIT_AUTHORIZE',
    secret: false,
    ...everywhere,
    missing: byDefault(false),
    parse: parseBoolean,
  },
  host: {
    name: 'HOST',
    secret: false,
    file: true,
    where: 'not on Workers',
    missing: byDefault('127.0.0.1'),
    parse: parseHost,
  },
  port: {
    name: 'PORT',
    secret: false,
    file: true,
    where: 'not on Workers',
    missing: byDefault(8787),
    parse: parseInteger(0, 65_535),
  },
}
