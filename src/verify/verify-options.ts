// The options of `verifyInstanceIdentity()`, checked before any evidence is looked at. A mistake of the
// caller is a TypeError or a RangeError that names the option, never a refusal of the evidence.

import type { CryptoPort } from '../base/crypto.ts'
import { AUDIENCE_PATTERN } from '../codec/identity-document.ts'
import type { TrustAnchor } from './trust-anchor.ts'
import type { VerifyEvidenceOptions } from './verify-evidence.ts'

/** How evidence is judged by `verifyInstanceIdentity()`. */
export interface VerifyInstanceIdentityOptions {
  /**
   * The nonce that you made and that the signature must cover, `[A-Za-z0-9_-]{1,64}`. Take it from your
   * own storage, never from what was posted. `null` checks no freshness: evidence that somebody captured
   * once stays good until the trust anchor expires.
   */
  readonly audience: string | null
  /** Default: `ALIBABA_CLOUD_TRUST_ANCHORS`. */
  readonly trustAnchors?: readonly TrustAnchor[]
  /** Unix seconds, for the validity of trust anchors. Default: the clock. */
  readonly now?: number
  /** Whether SHA-1 is accepted. Default: true, since ECS signs with it. */
  readonly allowSha1?: boolean
  /** What verifies signatures. Default: WebCrypto. On Node, `NODE_CRYPTO` of `rollcall/node-crypto` is faster. */
  readonly crypto?: CryptoPort
}

/** A time in seconds is smaller for the next 3,000 years; the clock in milliseconds is larger. */
const MAX_SECONDS = 1e11

const kindOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (value instanceof Promise) return 'a promise; await it'
  return Array.isArray(value) ? 'an array' : typeof value
}

const wrongType = (name: string, expected: string, value: unknown): TypeError =>
  new TypeError(`${name}: expected ${expected}, got ${kindOf(value)}`)

const checkAudience = (audience: unknown): void => {
  if (audience === null) return
  if (typeof audience !== 'string') {
    throw wrongType('audience', 'the nonce that you made, or null to check no freshness', audience)
  }
  if (!AUDIENCE_PATTERN.test(audience)) {
    throw new RangeError(
      `audience: expected [A-Za-z0-9_-]{1,64}, since no document carries anything else; got ${audience.length} characters`,
    )
  }
}

const { isView } = ArrayBuffer

const isTrustAnchor = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false
  const { issuer, serialNumber, publicKey, notBefore, notAfter } = value as Partial<TrustAnchor>
  const hasBytes = isView(issuer) && isView(serialNumber) && isView(publicKey)
  return hasBytes && typeof notBefore === 'number' && typeof notAfter === 'number'
}

const checkTrustAnchors = (trustAnchors: unknown): void => {
  const expected = 'an array of trust anchors, as parseTrustAnchors(pem) resolves to'
  if (!Array.isArray(trustAnchors)) throw wrongType('trustAnchors', expected, trustAnchors)
  if (trustAnchors.length === 0) {
    throw new RangeError('trustAnchors: expected at least one, got an empty array')
  }
  for (const [at, anchor] of trustAnchors.entries()) {
    if (!isTrustAnchor(anchor)) throw wrongType(`trustAnchors[${at}]`, 'a trust anchor', anchor)
  }
}

const checkNow = (now: unknown): void => {
  if (typeof now !== 'number') throw wrongType('now', 'Unix seconds as a number', now)
  if (now > MAX_SECONDS) {
    throw new RangeError(`now: expected Unix seconds, got ${now}, which looks like milliseconds`)
  }
  if (!(now >= 0)) throw new RangeError(`now: expected Unix seconds, 0 or later, got ${now}`)
}

const checkCrypto = (crypto: unknown): void => {
  const { rsaVerifier } = (crypto ?? {}) as Partial<CryptoPort>
  if (typeof rsaVerifier !== 'function') {
    throw wrongType('crypto', 'an implementation, such as NODE_CRYPTO', crypto)
  }
}

/**
 * Checks the options and fills in the defaults.
 * @throws TypeError for an option of the wrong type, or `audience` left out
 * @throws RangeError for a value that makes no sense
 */
export const readVerifyOptions = (
  options: VerifyInstanceIdentityOptions,
  defaults: Required<Omit<VerifyInstanceIdentityOptions, 'audience'>>,
): VerifyEvidenceOptions => {
  // Callers without types may leave out what must be there.
  const given: unknown = options
  if (typeof given !== 'object' || given === null) {
    throw wrongType('options', '{ audience }', given)
  }
  const {
    audience,
    trustAnchors = defaults.trustAnchors,
    now = defaults.now,
    allowSha1 = defaults.allowSha1,
    crypto = defaults.crypto,
  } = options
  checkAudience(audience)
  checkTrustAnchors(trustAnchors)
  checkNow(now)
  if (typeof allowSha1 !== 'boolean') throw wrongType('allowSha1', 'true or false', allowSha1)
  checkCrypto(crypto)
  return { audience, trustAnchors, now, allowSha1, crypto }
}
