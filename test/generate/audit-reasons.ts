// What each `reason` of an audit event means and what to do about it. Only the documentation needs these texts, so
// no bundle has them. A reason without an entry does not compile; tests compare events and codes with the service.

import type { AuthorizationReason } from '../../src/admit/authorize.ts'
import type { TokenReviewReason } from '../../src/admit/kubernetes/token-review.ts'
import type { ExchangeReason } from '../../src/admit/exchange.ts'
import type { InstanceIdentityErrorCode } from '../../src/base/errors.ts'
import type { ChallengeRefusal } from '../../src/enroll/challenge.ts'
import type { FirstUseRefusal, SupersededEvidence } from '../../src/enroll/first-use.ts'
import type { AuditEvent, AuditReason, FailureReason, WebhookReason } from '../../src/http/audit.ts'
import type { OAuthErrorCode } from '../../src/http/oauth-error.ts'
import type { ProblemCode } from '../../src/http/problems.ts'
import type { RequestReason } from '../../src/http/request/request-refusal.ts'
import type { ClientRefusal } from '../../src/operate/authenticate-client.ts'
import type { OperatorRefusal } from '../../src/operate/authenticate.ts'
import type { DecisionReason } from '../../src/policy/decide.ts'
import type { DpopRefusal } from '../../src/token/dpop-proof.ts'
import type { ProofRefusal } from '../../src/token/proof.ts'

/** One reason. */
export interface ReasonEntry {
  /** The events that can have it. */
  readonly events: readonly AuditEvent['event'][]
  /** The `code` of the answer, or the `error` of an OAuth answer. */
  readonly codes: readonly (ProblemCode | OAuthErrorCode)[]
  /** A sentence of Markdown without a full stop. */
  readonly happened: string
  /** An instruction without a full stop. */
  readonly remedy: string
}

type Reasons<Reason extends AuditReason> = Readonly<Record<Reason, ReasonEntry>>

type Text = readonly [happened: string, remedy: string]

/** Makes entries that share their events and codes. */
const entries = <Reason extends AuditReason>(
  shared: Pick<ReasonEntry, 'events' | 'codes'>,
  texts: Readonly<Record<Reason, Text>>,
): Reasons<Reason> =>
  Object.fromEntries(
    Object.entries<Text>(texts).map(([reason, [happened, remedy]]) => [
      reason,
      { ...shared, happened, remedy },
    ]),
  ) as Reasons<Reason>

/** Calls that have a body. */
const FIELDS = ['challenge', 'enroll', 'exchange', 'introspect', 'admin'] as const
const POSTED = [...FIELDS, 'tokenreview'] as const
const ALL = [...POSTED, 'authorize'] as const

const REQUEST: Reasons<Exclude<RequestReason, 'instance_unknown' | 'credentials_repeated'>> = {
  ...entries(
    { events: [...FIELDS, 'authorize'], codes: ['invalid_request'] },
    {
      field_empty: ['`field` is empty', 'Leave the field out, or send a value'],
      field_missing: ['`field` is required and missing', 'Send the field'],
    },
  ),
  field_repeated: {
    events: ALL,
    codes: ['invalid_request'],
    happened: 'A field occurs twice, or an exchange names both `audience` and `resource`',
    remedy: 'Send each field once, and one of the two',
  },
  ...entries(
    { events: POSTED, codes: ['invalid_request'] },
    {
      body_malformed: [
        'The body is not a form, multipart or JSON object in UTF-8, or the connection broke off',
        'Send the fields as the `title` of the answer says',
      ],
      invocation_async: [
        'Function Compute was asked for an asynchronous invocation',
        'Call the service synchronously',
      ],
    },
  ),
  ...entries(
    { events: FIELDS, codes: ['invalid_request'] },
    {
      field_not_text: ['A JSON member is not a string', 'Send each value as a string'],
      query_not_allowed: ['The URL of the call has a query', 'Send the fields in the body'],
    },
  ),
  field_malformed: {
    events: ALL,
    codes: ['invalid_request', 'unsupported_grant_type', 'invalid_target'],
    happened: 'A field, a query parameter or a part of the address does not match its pattern',
    remedy: 'Correct the value; `field` and the text of the answer say which one',
  },
  field_unknown: {
    events: ALL,
    codes: ['invalid_request', 'not_found'],
    happened: 'The call does not have this field; with `not_found`, there is no such kind of ban',
    remedy: 'Remove the field; ban an `account`, an `image` or an `instance`',
  },
  ...entries(
    { events: POSTED, codes: ['unsupported_media_type'] },
    {
      content_encoding: ['The body is compressed', 'Send the body without `Content-Encoding`'],
      content_type: [
        'The call does not take this `Content-Type`, or it is not in UTF-8',
        'Send a form, multipart or JSON in UTF-8; the text of the answer says which',
      ],
    },
  ),
  body_timeout: {
    events: POSTED,
    codes: ['request_timeout'],
    happened: 'The body was not complete after 10 seconds',
    remedy: 'Check the network of the client, and proxies on the way',
  },
  body_too_large: {
    events: POSTED,
    codes: ['payload_too_large'],
    happened: 'The body has more than 16,384 bytes or arrived in more than 256 pieces',
    remedy: 'Find the client: an enrollment needs about 1,500 bytes',
  },
  rate_limited: {
    events: POSTED,
    codes: ['rate_limited'],
    happened: 'The `rateLimiter` of a program that embeds the service refused the request',
    remedy: 'Find the caller, or raise the limit',
  },
}

/** Of evidence that does not verify: nothing in the event comes from it. */
const EVIDENCE: Reasons<Exclude<InstanceIdentityErrorCode, 'signature_invalid'>> = entries(
  { events: ['enroll'], codes: ['invalid_evidence'] },
  {
    malformed_encoding: [
      '`pkcs7` is neither base64 nor PEM',
      'Send it unchanged; a client that does not encode `+` in a form turns it into a space',
    ],
    malformed_der: [
      'The signature is not one whole message in strict DER',
      'Look for a truncated copy; `rollcall inspect` shows the first wrong byte',
    ],
    unsupported_structure: [
      'The signature is a PKCS#7 message of a form that ECS does not make',
      'Check that the metadata service made it; `rollcall inspect` shows its parts',
    ],
    unsupported_algorithm: [
      'The algorithm is not accepted, such as SHA-1 with `ROLLCALL_ALLOW_SHA1=false`',
      'Check `ROLLCALL_ALLOW_SHA1`; `rollcall inspect` shows the algorithm',
    ],
    unknown_signer: [
      'No trust anchor has the issuer and serial number of the signer',
      'See [The cloud changes its certificate](operators.md#the-cloud-changes-its-certificate)',
    ],
    trust_anchor_not_valid: [
      'The certificate that signed has expired or is not valid yet',
      'Check the clock of the service, then replace the certificate',
    ],
    signed_attributes_invalid: [
      'The signed attributes are malformed or belong to other content',
      'Fetch document and signature again; treat a repeated case as an attack',
    ],
    document_malformed: [
      'The signed content is not an identity document, or a field is out of bounds',
      'Look at the document with `rollcall inspect`',
    ],
    document_mismatch: [
      'The posted document is not the signed content',
      'Send the document byte for byte, from the same instance as the signature',
    ],
    content_missing: [
      'The signature carries no content and no document was sent',
      'None: over HTTP, `field_missing` comes first, because `document` is required',
    ],
    audience_mismatch: [
      'The signature was made without a challenge, or for another one than `audience`',
      'Ask for the signature with `?audience=` and the challenge of this enrollment',
    ],
  },
)

const CHALLENGE: Reasons<
  ChallengeRefusal | SupersededEvidence | 'challenge_before_ledger' | 'challenge_spent'
> = entries(
  { events: ['enroll'], codes: ['invalid_evidence'] },
  {
    challenge_malformed: [
      'The signed audience is not a challenge of rollcall',
      'Get a challenge from `POST /v1/challenge` first',
    ],
    challenge_for_another: [
      'The challenge was made for another service, role or key',
      'Send the same role in both calls; check that `ROLLCALL_ISSUER` is the URL that clients use',
    ],
    challenge_not_ours: [
      'No challenge key of this service made the challenge',
      'After a change of keys, let the client try again; else treat it as an attack',
    ],
    challenge_expired: [
      'The challenge has expired',
      'Let the client try again; if it repeats, compare the clocks of your servers',
    ],
    challenge_from_future: [
      'The challenge expires later than this server could allow',
      'Correct the clocks of your servers',
    ],
    challenge_before_ledger: [
      'The challenge is older than the ledger: after a restore or a restart with `memory:`',
      'Let the client try again',
    ],
    challenge_spent: [
      'Other evidence has already used this challenge',
      'Let the client get a new challenge; find out who else uses it',
    ],
    challenge_before_reset: [
      'An operator has reset the instance since the challenge was made',
      'Let the client try again',
    ],
    enrollment_revoked: [
      'An operator has revoked the tokens of the instance, or this one, since the first try',
      'Let the client get a new challenge, if the instance is to stay',
    ],
  },
)

const KEY: Reasons<DpopRefusal | ProofRefusal | 'dpop_missing'> = {
  ...entries(
    { events: ['enroll', 'exchange', 'authorize'], codes: ['invalid_dpop_proof'] },
    {
      dpop_malformed: [
        'The `DPoP` header is not one proof with the claims of RFC 9449',
        'Send one header; an enrollment’s proof has a `nonce` and no `ath`',
      ],
      dpop_key_refused: [
        'The proof has no public key, a weak or private one, or one that does not fit `alg`',
        'Use a key for ES256, EdDSA or RS256, and put only its public half into `jwk`',
      ],
      dpop_signature_invalid: [
        'The signature of the proof does not verify under its own key',
        'Correct the client',
      ],
      dpop_method_mismatch: [
        '`htm` is not the method of the call, or of the request that a proxy asks about',
        'Set `htm` to the method; at this service it is `POST`',
      ],
      dpop_uri_mismatch: [
        '`htu` is not the issuer, or the `origin` of the proxy, followed by the path',
        'Set `htu` to the URL exactly; compare `origin` in `ROLLCALL_PROXIES`',
      ],
    },
  ),
  ...entries(
    { events: ['enroll'], codes: ['invalid_dpop_proof'] },
    {
      dpop_nonce_mismatch: [
        '`nonce` is not the challenge in the evidence',
        'Make a proof for each challenge, with the challenge as its `nonce`',
      ],
      dpop_key_not_of_challenge: [
        'The challenge was made for another key',
        'Send the thumbprint of the same key as `dpop_jkt` with `POST /v1/challenge`',
      ],
    },
  ),
  ...entries(
    { events: ['exchange', 'authorize'], codes: ['invalid_dpop_proof'] },
    {
      dpop_missing: [
        'The request has no `DPoP` header',
        'Send a proof made with the key of the token',
      ],
      dpop_not_in_time: [
        '`iat` is more than 60 seconds off, or the ledger began after it',
        'Correct the clock of the client; let it try again',
      ],
      dpop_token_mismatch: [
        '`ath` is not the hash of the token',
        'Make the proof for the token that the request shows',
      ],
      dpop_key_mismatch: [
        'The token is bound to another key',
        'Use the key of the enrollment; else treat it as a stolen token',
      ],
      dpop_replayed: [
        'The proof was used before',
        'Make a proof for each call; if the client did, somebody has copied it',
      ],
    },
  ),
}

/** Calls that are about a token of a node. */
const SHOWN = ['exchange', 'authorize', 'tokenreview'] as const

/** Of a token that a node shows. */
const TOKEN: Reasons<
  | Exclude<ExchangeReason, ProofRefusal | 'banned' | 'dpop_missing'>
  | 'token_missing'
  | 'token_scheme_mismatch'
> = {
  signature_invalid: {
    events: ['enroll', 'exchange', 'authorize', 'tokenreview'],
    codes: ['invalid_evidence', 'invalid_grant', 'invalid_token'],
    happened: 'The signature of the evidence or of the token does not verify: it is forged',
    remedy: 'Look for a proxy that changes requests; treat a repeated case as an attack',
  },
  ...entries(
    { events: SHOWN, codes: ['invalid_grant', 'invalid_token'] },
    {
      malformed: ['The token is not a JWT of this service', 'Send the enrollment token unchanged'],
      key_refused: [
        'No published key has the `kid` of the token, or its header names another algorithm',
        'If a signing key was removed, let the node enroll again',
      ],
      claims_incomplete: [
        'A claim of the token is missing or malformed',
        'Find out what else signs with the key of this service',
      ],
      issuer_mismatch: [
        'The `iss` of the token is not this service',
        'Show the token to the service that issued it',
      ],
      token_expired: ['The token has expired', 'Let the node enroll again before it expires'],
      token_not_yet_valid: [
        'The token was issued more than 30 seconds in the future',
        'Correct the clocks of your servers',
      ],
      acr_mismatch: [
        'The token comes from evidence without a challenge',
        'Find out what else signs with the key of this service',
      ],
      binding_unknown: [
        'The `cnf` claim of the token is not the thumbprint of a key',
        'Find out what else signs with the key of this service',
      ],
      token_revoked: [
        'An operator has revoked the token, or all tokens of the instance',
        'Let the node enroll again, if the instance is to stay',
      ],
      token_before_reset: [
        'An operator has reset the instance since it enrolled',
        'Let the node enroll again',
      ],
      token_before_ledger: [
        'The token is older than the ledger: after a restore or a restart with `memory:`',
        'Let the node enroll again',
      ],
    },
  ),
  ...entries(
    { events: ['exchange'], codes: ['invalid_grant'] },
    {
      token_not_bound: [
        'The token is bound to no key, so everybody who was shown it could exchange it',
        'Enroll with `rollcall enroll --dpop-key FILE`',
      ],
      token_exchanged: [
        'The token was exchanged itself',
        'Exchange the enrollment token; if the client did, a relying party shows its token',
      ],
      role_not_exchangeable: [
        'The policy has no such role any more, or its tokens are not always bound',
        'Set `reenrollment: "same_key"` or `binding: "dpop"`; let the node enroll again',
      ],
      role_no_longer_matches: [
        'The policy has changed: the role does not match the instance any more',
        'Compare `match` of the role with the instance',
      ],
    },
  ),
  ...entries(
    { events: ['authorize'], codes: ['invalid_token'] },
    {
      token_missing: [
        'The request has not exactly one `Authorization` header with `Bearer TOKEN` or `DPoP TOKEN`',
        'Find out whether the client, or the proxy, drops or repeats the header',
      ],
      token_scheme_mismatch: [
        'A bound token came without the scheme `DPoP`, or an unbound one not by `Bearer` alone',
        'Correct the client; else treat it as a stolen token',
      ],
    },
  ),
  audience_not_allowed: {
    events: ['exchange'],
    codes: ['invalid_target'],
    happened: 'The role has no exchange for the requested audience',
    remedy: 'Add the audience to `exchange` of the role, exactly as the client sends it',
  },
}

const ADMISSION: Reasons<
  DecisionReason | FirstUseRefusal | 'banned' | 'key_not_proved' | 'resource_not_allowed'
> = {
  banned: {
    events: ['enroll', ...SHOWN],
    codes: ['not_admitted', 'invalid_grant', 'invalid_token'],
    happened: 'An operator has banned the account, image or instance; `field` says which',
    remedy: 'Look at the ban with `rollcall admin bans`',
  },
  ...entries(
    { events: ['enroll'], codes: ['not_admitted'] },
    {
      account_not_allowed: [
        'No role, or not the one asked for, names the account',
        'If the account is yours, add it to `match.owner_account_id`',
      ],
      role_unknown: ['The role asked for does not exist', 'Correct the role of the client'],
      role_not_matched: [
        'The role asked for names the account; `field` is the first that does not match',
        'Compare `field` with the list at `rule` in the policy',
      ],
      no_role_matches: [
        'No role was asked for and none matches; `role` is the first that names the account',
        'Compare `field` with the list at `rule` in the policy',
      ],
      key_not_proved: [
        'The role needs a key and none was proved; `rule` is the setting that needs it',
        'Enroll with `rollcall enroll --dpop-key FILE`',
      ],
      resource_not_allowed: [
        '`resource` is not one of the audiences of the role',
        'Ask for another resource; `rollcall doctor` causes this on purpose',
      ],
      already_enrolled: [
        'The role says `never`, and the instance has enrolled',
        'If the node needs a new token, reset the instance; else treat it as an attack',
      ],
      key_not_the_first: [
        'The role says `same_key`, and the first enrollment had another key, or none',
        'If the node lost its key, or first had none, reset the instance; else treat it as an attack',
      ],
      image_not_new: [
        'The role says `new_image`, and the image or the challenge is not newer',
        'Redeploy the instance with a new image, or reset it',
      ],
    },
  ),
}

const RELYING_PARTY: Reasons<ClientRefusal | 'credentials_repeated'> = {
  ...entries(
    { events: ['introspect'], codes: ['invalid_client'] },
    {
      client_assertion_missing: [
        '`client_assertion_type` or `client_assertion` is missing, or the type is another one',
        'Set the relying party’s library to `private_key_jwt`',
      ],
      client_assertion_invalid: [
        'Key, signature, form or `jti` of the assertion is wrong, or it is older than the ledger',
        'Compare its `kid` with the thumbprint of the key in `ROLLCALL_RELYING_PARTY_KEYS`',
      ],
      client_assertion_for_another_service: [
        'The `aud` of the assertion is not the issuer as one text',
        'Set the audience of assertions to the issuer, not to the address of the call',
      ],
      client_assertion_not_in_time: [
        'The assertion has expired, begins later, or lives more than 60 seconds',
        'Correct the clock of the relying party, or the life of its assertions',
      ],
      client_assertion_used: [
        'The assertion was used before',
        'Make one for each call; if you did, somebody has copied it: replace the key',
      ],
      client_name_mismatch: [
        'The `iss`, `sub` or `client_id` is not the `name` of the key',
        'Set the client id of the relying party to the `name` of its key',
      ],
    },
  ),
  credentials_repeated: {
    events: ['introspect'],
    codes: ['invalid_request'],
    happened: 'The request has an `Authorization` header and a client assertion',
    remedy: 'Send one of the two',
  },
}

const OPERATOR: Reasons<OperatorRefusal | 'instance_unknown'> = {
  ...entries(
    { events: ['admin'], codes: ['invalid_token'] },
    {
      operator_token_missing: [
        'The call has no `Authorization: Bearer` header',
        'Use `rollcall admin`, which makes a token for each call',
      ],
      operator_token_invalid: [
        'The key, signature, `aud` or time of the token is wrong, or it is older than the ledger',
        'Check key, issuer and the clock of the operator; then try again',
      ],
      operator_token_used: [
        'The token was used before',
        'Make a token for each call; if you did, somebody has copied it: replace the key',
      ],
      operator_name_mismatch: [
        'The key has a `name` in `ROLLCALL_ADMIN_KEYS`, and the `sub` of the token differs',
        'Call as that operator: `--operator NAME`',
      ],
      operator_token_for_another_call: [
        'The `htm` or `htu` of the token names another call',
        'Make the token for this call, with the issuer as the service has it',
      ],
    },
  ),
  operator_scope_missing: {
    events: ['admin'],
    codes: ['insufficient_scope'],
    happened: 'The key does not have the scope that the call needs',
    remedy: 'Use another key, or add the scope to this one in `ROLLCALL_ADMIN_KEYS`',
  },
  instance_unknown: {
    events: ['admin'],
    codes: ['not_found'],
    happened: 'The service has no record of this instance',
    remedy: 'Check account, region and instance id; `rollcall admin list` shows the records',
  },
}

/** What a proxy asks for, and how. */
const PROXY: Reasons<
  Exclude<
    AuthorizationReason,
    ExchangeReason | ProofRefusal | 'token_missing' | 'token_scheme_mismatch'
  >
> = {
  proxy_not_trusted: {
    events: ['authorize'],
    codes: ['proxy_not_trusted'],
    happened: 'The token is bound to a key, and `X-Rollcall-Proxy` has no known secret',
    remedy: 'Compare the secret of the proxy with its `secret_sha256` in `ROLLCALL_PROXIES`',
  },
  forwarded_request_malformed: {
    events: ['authorize'],
    codes: ['invalid_dpop_proof'],
    happened: '`X-Forwarded-Method` or `X-Forwarded-Uri` is missing, came twice, or is malformed',
    remedy: 'Let the proxy set both to those of the request, and replace those of the client',
  },
  ...entries(
    { events: ['authorize'], codes: ['not_admitted'] },
    {
      audience_not_of_proxy: [
        'The proxy asks for an audience that is not one of its own',
        'Add the audience to the proxy in `ROLLCALL_PROXIES`, or correct the query of the proxy',
      ],
      audience_not_of_token: [
        'The token does not have the audience that the proxy asks for',
        'Compare the audience of the role with the query of the proxy',
      ],
      role_mismatch: [
        'The token has another role than the proxy asks for',
        'Let the node enroll in another role, or correct the query of the proxy',
      ],
      account_mismatch: [
        'The instance is of another account than the proxy asks for',
        'If the account is yours, add it to the query of the proxy',
      ],
      region_mismatch: [
        'The instance is in another region than the proxy asks for',
        'If the region is right, add it to the query of the proxy',
      ],
    },
  ),
}

/** What an API server shows, and what its cluster demands. */
const KUBERNETES: Reasons<WebhookReason | Exclude<TokenReviewReason, AuthorizationReason>> = {
  ...entries(
    { events: ['tokenreview'], codes: ['invalid_token'] },
    {
      webhook_token_missing: [
        'The request has not exactly one `Authorization` header with `Bearer TOKEN`',
        'Set `token` of the user in the kubeconfig of the webhook',
      ],
      webhook_token_unknown: [
        'The SHA-256 of the token that the API server shows is not in `webhook_token_sha256`',
        'Compare the two; hash the token without its line end',
      ],
      token_bound: [
        'The token is bound to a key, which Kubernetes would not ask for',
        'Let the node exchange it for an unbound token of the audience of the cluster',
      ],
      token_lives_too_long: [
        'The token lives longer than 3600 seconds',
        'Find out what else signs with the key of this service',
      ],
    },
  ),
  ...entries(
    { events: ['tokenreview'], codes: ['not_admitted'] },
    {
      role_not_of_cluster: [
        'The role of the token is not in `roles` of `ROLLCALL_KUBERNETES`',
        'Let the node enroll in a role of the cluster, or add its role',
      ],
      account_not_of_cluster: [
        'The account of the instance is not in `accounts` of `ROLLCALL_KUBERNETES`',
        'If the account is yours, add it',
      ],
      audience_not_of_cluster: [
        'The token has no audience that is in `audiences` of `ROLLCALL_KUBERNETES`',
        'Compare them with the audience that the node asks for',
      ],
      several_audiences: [
        'The token has other audiences beside the one of the cluster, and could be used by any of them',
        'Let the node ask for the audience of the cluster alone: `resource`, or `--resource`',
      ],
      audience_not_of_review: [
        'The API server does not answer to the audience of the token',
        'Add the audience to `--api-audiences` of the API server, beside those that are there',
      ],
      node_name_invalid: [
        '`node_name` gives no name that Kubernetes accepts for this instance',
        'Correct the template; the default works for every instance',
      ],
    },
  ),
}

const FAILURE: Reasons<FailureReason | 'revoked_just_now'> = {
  ...entries(
    { events: ['enroll', ...SHOWN, 'introspect', 'admin'], codes: ['unavailable'] },
    {
      ledger_unavailable: [
        'The ledger did not answer in time, or cannot be used',
        'Read standard error, which says why; then restore the store',
      ],
      ledger_format_unknown: [
        'The ledger holds a value that another release wrote',
        'Run the release that wrote it, or a newer one',
      ],
    },
  ),
  revoked_just_now: {
    events: ['enroll'],
    codes: ['unavailable'],
    happened: 'The tokens of the instance were revoked in this second, so a new one would be too',
    remedy: 'None: the client tries again in the next second',
  },
  unexpected_error: {
    events: ALL,
    codes: ['internal_error'],
    happened: 'The service has a mistake; `error` is the name of the error',
    remedy:
      'If `error` is `ConfigurationError`, correct what standard error says, such as a signing key; else report the event',
  },
}

/** The reasons by what the service checks, in the order in which it checks. */
export const REASON_GROUPS = {
  request: REQUEST,
  evidence: EVIDENCE,
  challenge: CHALLENGE,
  key: KEY,
  token: TOKEN,
  admission: ADMISSION,
  proxy: PROXY,
  kubernetes: KUBERNETES,
  'relying party': RELYING_PARTY,
  operator: OPERATOR,
  failure: FAILURE,
} as const

/** Every reason. */
export const AUDIT_REASONS: Reasons<AuditReason> = {
  ...REQUEST,
  ...EVIDENCE,
  ...CHALLENGE,
  ...KEY,
  ...TOKEN,
  ...ADMISSION,
  ...PROXY,
  ...KUBERNETES,
  ...RELYING_PARTY,
  ...OPERATOR,
  ...FAILURE,
}
