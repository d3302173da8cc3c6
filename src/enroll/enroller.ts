// Enrollment: the protocol, a line a step. Evidence goes in, a token or a refusal comes out. Nothing is
// decided on unverified bytes; the policy comes before the ledger; the challenge is spent and the record
// changed before there is a token. An enrollment makes three trips to the ledger, one after the other.

import type { Bytes } from '../base/bytes.ts'
import { type KeyOptions, WEB_CRYPTO } from '../base/crypto.ts'
import { LedgerFormatError, LedgerUnavailableError } from '../base/errors.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Policy } from '../policy/policy.ts'
import { issueToken } from '../token/issue.ts'
import { type PublishedKeys, type SigningKeys, publishedKeys } from '../token/signing-keys.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'
import type { TrustAnchor } from '../verify/trust-anchor.ts'
import { admit } from './admit.ts'
import type { ChallengePurpose } from '../base/wire/audience-name.ts'
import { findBan } from '../registry/bans.ts'
import { checkBoundChallenge } from './bound-challenge.ts'
import { createPurposes } from './challenge-purposes.ts'
import { deriveChallengeKeys, loadChallengeKeys } from './challenge-keys.ts'
import { type ChallengeOptions, makeChallenge } from './challenge.ts'
import { MAX_CHALLENGE_LIFETIME_SECONDS } from '../registry/lifetimes.ts'
import type { Enrollment, EnrollmentFacts, EnrollmentRequest, Refusal } from './enrollment.ts'
import { isRenewable } from './first-use.ts'
import { checkIssuer } from '../base/issuer.ts'
import { checkInstance, readInstance, recordEnrollment } from './record-enrollment.ts'
import { type TestedReader, createTestedReader } from './tested-reader.ts'
import { settle } from '../registry/settle.ts'
import { isForgotten } from '../ledger/forgotten.ts'
import { spendChallenge } from '../registry/spend.ts'

/** What an enroller works with. */
export interface EnrollerOptions extends KeyOptions {
  /**
   * The service's name, exactly as in tokens: `https://HOST[:PORT]`. The app is at the root of that host, since
   * tokens, discovery and the clients put paths behind it.
   */
  readonly issuer: string
  /** Which instances may enroll, from `parsePolicy()`. */
  readonly policy: Policy
  /** The keys that sign tokens, from `parseSigningKeys()`. */
  readonly signingKeys: SigningKeys
  /** Where state is stored. */
  readonly ledger: Ledger
  /** Pinned signing certificates of the cloud; not empty. */
  readonly trustAnchors: readonly TrustAnchor[]
  /** Whether SHA-1 is accepted, with which ECS signs. */
  readonly allowSha1: boolean
  /** At most 3600. */
  readonly challengeLifetimeSeconds: number
  /** MAC keys of 32 bytes, in place of those derived from the signing keys. */
  readonly challengeKeys?: readonly Bytes[] | undefined
}

/** A challenge for one enrollment. */
export interface IssuedChallenge {
  /** What the metadata service has to sign, 64 characters of base64url. */
  readonly audience: string
  /** Seconds until the challenge expires. */
  readonly expiresIn: number
}

/** Makes challenges and enrolls instances. */
export interface Enroller {
  /** The service's name, as in the options. */
  readonly issuer: string
  /** What everybody may know of the keys: the enroller keeps the private ones to itself. */
  readonly published: PublishedKeys
  /**
   * Makes a challenge. The answer does not tell whether the role exists.
   * @param purpose the role and the key that the challenge is for
   * @param now Unix seconds
   */
  challenge(purpose: ChallengePurpose, now: number): Promise<IssuedChallenge>
  /**
   * Enrolls an instance by its evidence. A refusal is a value; so is an unreachable ledger.
   * @param request what the client posted
   * @param now Unix seconds
   */
  enroll(request: EnrollmentRequest, now: number): Promise<Enrollment>
}

/** Facts while they are found out. */
type NotedFacts = { -readonly [Name in keyof EnrollmentFacts]: EnrollmentFacts[Name] }

/** Notes who enrolls. Property by property: this is done for each enrollment, and copies cost more. */
const noteIdentity = (facts: NotedFacts, identity: InstanceIdentity): void => {
  facts.instanceId = identity.instanceId
  facts.ownerAccountId = identity.ownerAccountId
  facts.regionId = identity.regionId
  facts.imageId = identity.imageId
  facts.trustAnchor = identity.trustAnchor
  if (identity.unknownFields.length > 0) facts.unknownFields = identity.unknownFields
}

/** A challenge from before the ledger began could have been spent then. */
const FORGOTTEN: Refusal = { code: 'invalid_evidence', reason: 'challenge_before_ledger' }

/** What an instance gets. */
type Enrolled = Omit<Enrollment & { readonly ok: true }, 'ok' | 'facts'>

/*
 * The protocol. `facts` gets what is known so far, for the audit event of whatever comes.
 *
 * Why an operator's word holds, whatever comes between two trips:
 * - A ban. Its reads are sent after the record has come back, so an enrollment that sees a reset also sees a
 *   ban that was acknowledged before the reset. A ban that is acknowledged later
 *   does not stop this enrollment, but stops the next one. Nothing is kept of a refusal, so a retry after `unban` is admitted.
 * - A reset raises the record's generation. The spent challenge keeps the generation of the first trip, so a
 *   reset after that trip is seen when the record is changed. `resetAt` shows a reset before it.
 * - A revocation moves `revokedUntil`. The change of the record compares it with the time of the spending. A
 *   retry may change nothing, so it reads the record and the revocation of its `jti` after the spending.
 * - `never`, `same_key` and `new_image`. The record is changed only if it is the one that the rule was applied
 *   to. Of two enrollments the second finds the record of the first, and the rule is applied anew.
 * - Two posts of one challenge. One spends it, the other is a retry of the same `jti`. Whichever changes the
 *   record first, the other finds its own `jti` there and gives the same token.
 */
const enrollWith = async (
  { issuer, policy, ledger, signingKeys }: EnrollerOptions,
  reader: TestedReader,
  challenges: ChallengeOptions,
  request: EnrollmentRequest,
  now: number,
  facts: NotedFacts,
): Promise<Result<Enrolled, Refusal>> => {
  const evidence = await reader.read(request, now)
  if (!evidence.ok) return evidence
  const identity = evidence.value
  noteIdentity(facts, identity)
  const bound = await checkBoundChallenge(challenges, request, identity.audience, now)
  if (!bound.ok) return bound
  const { challenge, madeAt, jkt } = bound.value
  facts.jkt = jkt
  if (isForgotten(ledger, madeAt)) return refuse(FORGOTTEN)

  // The policy is pure. What it refuses costs the ledger nothing, and the challenge stays unspent.
  const admitted = admit(identity, policy, request, jkt)
  if (!admitted.ok) return admitted
  const role = admitted.value
  facts.role = role.name

  // First trip: the record, and what it alone refuses. The challenge stays unspent.
  const known = await readInstance(ledger, identity, now)
  if (isForgotten(ledger, madeAt)) return refuse(FORGOTTEN)
  const { imageId, privateIpv4 } = identity
  const { jti } = challenge
  const applicant = { role, imageId, privateIpv4, jkt, madeAt, jti, now }
  const checked = checkInstance(known, applicant)
  if (!checked.ok) return checked

  // Second trip: spend the challenge, and read the bans.
  const [spending, ban] = await settle([
    spendChallenge(ledger, challenge, identity.digest, known.record, now),
    findBan(ledger, identity, now),
  ])
  if (!spending.ok) return refuse({ code: 'invalid_evidence', reason: spending.refusal })
  const spent = spending.value
  facts.retry = spent.retry
  if (ban !== undefined) return refuse({ code: 'not_admitted', reason: 'banned', field: ban })

  // Third trip: change the record by compare-and-set, or read it anew for a retry.
  const recorded = await recordEnrollment(ledger, identity, known, { ...applicant, spent })
  if (!recorded.ok) return recorded
  // The ledger may have been exchanged meanwhile, and with it what it knew of this challenge.
  if (isForgotten(ledger, madeAt)) return refuse(FORGOTTEN)

  const { resource } = request
  const { issuedAt } = spent
  const audience = resource === undefined ? role.token.audience : [resource]
  const content = { issuer, identity, role, audience, jti, issuedAt, jkt }
  const accessToken = await issueToken(signingKeys, content)
  facts.jti = jti
  return accept({
    accessToken,
    tokenType: jkt === undefined ? 'Bearer' : 'DPoP',
    expiresIn: Math.max(0, issuedAt + role.token.lifetimeSeconds - now),
    role: role.name,
    renewable: isRenewable(recorded.value, applicant),
  })
}

/** What is said where the ledger does not answer. Any other error is a mistake of this program. */
const ledgerFailure = (error: unknown): Result<never, Refusal> => {
  if (error instanceof LedgerFormatError) {
    return refuse({ code: 'unavailable', reason: 'ledger_format_unknown' })
  }
  if (error instanceof LedgerUnavailableError) {
    return refuse({ code: 'unavailable', reason: 'ledger_unavailable' })
  }
  throw error
}

/**
 * Creates an enroller. All state is in the ledger, so any number of enrollers with the same options are one
 * service.
 * @param options every option is required, except `challengeKeys`, `crypto` and `importKeys`
 * @returns the enroller
 * @throws ConfigurationError `configuration_invalid` if the platform's cryptography does not verify the signatures
 *   of ECS, or the signing key cannot be used; with `importKeys: 'when used'` each enrollment whose evidence can be
 *   read rejects with it
 * @throws RangeError if `trustAnchors` is empty, `challengeLifetimeSeconds` is above 3600, or `issuer` is not
 *   `https://HOST[:PORT]`
 * @example
 * ```ts
 * import {
 *   ALIBABA_CLOUD_TRUST_ANCHORS,
 *   createEnroller,
 *   parsePolicy,
 *   parseSigningKeys,
 * } from 'rollcall'
 * import { createMemoryLedger } from 'rollcall/ledger/memory'
 *
 * const enroller = await createEnroller({
 *   issuer: 'https://rollcall.example',
 *   policy: parsePolicy({
 *     roles: {
 *       worker: {
 *         match: { owner_account_id: ['1609123456789012'] },
 *         token: { audience: ['https://cluster.example'] },
 *         reenrollment: 'never',
 *       },
 *     },
 *   }),
 *   signingKeys: await parseSigningKeys(process.env['ROLLCALL_SIGNING_KEYS']),
 *   ledger: createMemoryLedger(),
 *   trustAnchors: ALIBABA_CLOUD_TRUST_ANCHORS,
 *   allowSha1: true,
 *   challengeLifetimeSeconds: 120,
 * })
 * const now = Math.floor(Date.now() / 1000)
 * const { audience, expiresIn } = await enroller.challenge({ role: 'worker' }, now)
 * console.log(audience.length, expiresIn) // 64 120
 *
 * const enrollment = await enroller.enroll({ document: '{}', pkcs7: '', role: 'worker' }, now)
 * console.log(enrollment.ok || enrollment.code) // invalid_evidence
 * ```
 * @see RFC 9449 (DPoP), RFC 8707 (`resource`), RFC 7519 (the token)
 */
export const createEnroller = async (options: EnrollerOptions): Promise<Enroller> => {
  if (options.trustAnchors.length === 0) throw new RangeError('trustAnchors must not be empty')
  const { issuer, signingKeys, challengeKeys, challengeLifetimeSeconds } = options
  const { crypto = WEB_CRYPTO, importKeys = 'at start' } = options
  if (challengeLifetimeSeconds > MAX_CHALLENGE_LIFETIME_SECONDS) {
    throw new RangeError('challengeLifetimeSeconds must be at most 3600')
  }
  const checked = checkIssuer(issuer)
  if (!checked.ok) throw new RangeError(`issuer ${checked.refusal}`)
  const keys =
    challengeKeys === undefined
      ? await deriveChallengeKeys(signingKeys.secrets, crypto)
      : await loadChallengeKeys(challengeKeys, crypto)
  const challenges: ChallengeOptions = {
    purposes: createPurposes(issuer, crypto.sha256),
    keys,
    lifetimeSeconds: challengeLifetimeSeconds,
    sha256: crypto.sha256,
  }
  const { trustAnchors, allowSha1 } = options
  const reader = createTestedReader(signingKeys, { trustAnchors, allowSha1, crypto })
  if (importKeys === 'at start') await reader.test()
  return {
    issuer,
    published: publishedKeys(signingKeys),
    async challenge({ role, jkt }, now) {
      // A ledger whose memory begins in this very second begins with the next one.
      const madeAt = Math.max(now, options.ledger.remembersSince ?? 0)
      const audience = await makeChallenge(challenges, { role, jkt }, madeAt)
      return { audience, expiresIn: challengeLifetimeSeconds }
    },
    async enroll(request, now) {
      const facts: NotedFacts = { role: request.role }
      const result = await enrollWith(options, reader, challenges, request, now, facts).catch(
        ledgerFailure,
      )
      if (result.ok) return { ok: true, ...result.value, facts }
      const { code, disclosed, ...why } = result.refusal
      return { ok: false, code, disclosed, facts: { ...facts, ...why } }
    },
  }
}
