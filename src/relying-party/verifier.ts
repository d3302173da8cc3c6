// The verifier of a relying party: the order of the checks, one line each. Nothing is asked of the service but its keys,
// so a ban or a revocation does not reach a token that was issued before: it lives until `exp`.

import { LedgerUnavailableError } from '../base/errors.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { SYSTEM_TIMING } from '../base/timing.ts'
import { matchesField } from '../policy/pattern.ts'
import { type EnrollmentClaims, readEnrollmentClaims } from '../token/claims.ts'
import { type Members, keyByThumbprint, openJws } from '../token/jws.ts'
import { spendProof, verifyProof } from '../token/proof.ts'
import type { PublicKey } from '../token/public-key.ts'
import { discoverKeys } from './discovery.ts'
import { type Clocks, type KeySource, createKeySource } from './keys.ts'
import {
  type BoundTokens,
  type FullOptions,
  type TokenVerifierOptions,
  readOptions,
} from './options.ts'
import { TokenError, type TokenErrorCode } from './token-error.ts'

/** A DPoP proof, and the request that it came with (RFC 9449). */
export interface ShownProof {
  /** The value of the one `DPoP` header. */
  readonly value: string
  /** The method of the request, such as `GET`. */
  readonly method: string
  /** The path of the request as the caller sent it, without a query: `/a%2Fb`. */
  readonly path: string
}

/** What one verification may be given. */
export interface VerifyOptions {
  /** The proof, for a bound token. Default: none. */
  readonly proof?: ShownProof | undefined
  /** Unix seconds. Default: the platform's clock. */
  readonly now?: number | undefined
}

/** Verifies the tokens that are shown to one relying party. */
export interface TokenVerifier {
  /** What it does with tokens that are bound to a key. */
  readonly bound: BoundTokens
  /**
   * Verifies a token.
   * @param token the token alone, without `Bearer`
   * @param options the proof of a bound token, and the time
   * @returns its claims
   * @throws TokenError with a {@link TokenErrorCode}
   */
  verify(token: string, options?: VerifyOptions): Promise<EnrollmentClaims>
}

/** A refusal before it is thrown. */
interface Refusal {
  readonly code: TokenErrorCode
  readonly detail?: string
  readonly cause?: unknown
}

type Checked<Value> = Result<Value, Refusal>

/** Opens the token with the issuer's key that its header names. */
const open = async (
  keys: KeySource,
  { algorithms }: FullOptions,
  token: string,
): Promise<Checked<Members>> => {
  let refusal: Refusal | undefined
  const keyOf = async ({ alg, kid }: Members): Promise<PublicKey | undefined> => {
    // Before any call of the issuer.
    if (!algorithms.includes(alg as string)) {
      refusal = { code: 'algorithm_refused' }
      return undefined
    }
    for (const get of [keys.current, keys.renewed]) {
      const found = await get()
      if (!found.ok) {
        refusal = { code: 'keys_unavailable', ...found.refusal }
        return undefined
      }
      const key = keyByThumbprint(found.value)({ kid })
      if (key !== undefined) return key
    }
    refusal = { code: 'key_unknown' }
    return undefined
  }
  // Callers of JavaScript may pass on a header that is absent.
  const opened = await openJws(typeof token === 'string' ? token : '', 'JWT', keyOf)
  if (opened.ok) return opened
  if (refusal !== undefined) return refuse(refusal)
  const codes = {
    malformed: 'token_malformed',
    key_refused: 'algorithm_refused',
    signature_invalid: 'signature_invalid',
  } as const
  return refuse({ code: codes[opened.refusal] })
}

/** Whether the claims are for this relying party, which admits this role and this instance. */
const checkAdmission = (
  { audience, roles, match }: FullOptions,
  { aud, role, ecs }: EnrollmentClaims,
): TokenErrorCode | undefined => {
  if (audience !== null && !aud.some((name) => audience.includes(name))) return 'audience_mismatch'
  if (roles !== null && !roles.includes(role)) return 'role_not_allowed'
  return match.every(([field, patterns]) => matchesField(field, patterns, ecs[field]))
    ? undefined
    : 'instance_not_matched'
}

/** Checks that the caller has the key that the token is bound to. The proof is used up as the very last step. */
const checkBinding = async (
  { bound, proofs, publicUrl }: FullOptions,
  accessToken: string,
  { cnf }: EnrollmentClaims,
  proof: ShownProof | undefined,
  now: number,
): Promise<TokenErrorCode | undefined> => {
  if (cnf === undefined) {
    return bound === 'require' || proof !== undefined ? 'binding_required' : undefined
  }
  if (bound === 'refuse') return 'bound_token_refused'
  if (proof === undefined) return 'proof_missing'
  const { value, method, path } = proof
  // A target such as `.evil.example/` would make another host of ours.
  if (!path.startsWith('/')) return 'dpop_uri_mismatch'
  const uri = `${publicUrl}${path}`
  const verified = await verifyProof(value, { method, uri, accessToken, jkt: cnf.jkt, now })
  if (!verified.ok) return verified.refusal
  const spent = proofs === null ? verified : await spendProof(proofs, verified.value, now)
  return spent.ok ? undefined : spent.refusal
}

const check = async (
  keys: KeySource,
  options: FullOptions,
  token: string,
  { proof, now = Date.now() / 1000 }: VerifyOptions,
): Promise<Checked<EnrollmentClaims>> => {
  const opened = await open(keys, options, token)
  if (!opened.ok) return opened
  const { issuer, clockToleranceSeconds } = options
  const read = readEnrollmentClaims(opened.value, {
    issuer,
    now,
    expiryToleranceSeconds: clockToleranceSeconds,
    futureToleranceSeconds: clockToleranceSeconds,
  })
  if (!read.ok) return refuse({ code: read.refusal })
  const claims = read.value
  const code =
    checkAdmission(options, claims) ?? (await checkBinding(options, token, claims, proof, now))
  return code === undefined ? accept(claims) : refuse({ code })
}

/** The same with the clocks that tell how old keys are. */
export const createVerifier = (
  given: TokenVerifierOptions,
  clocks: Clocks = SYSTEM_TIMING,
): TokenVerifier => {
  const options = readOptions(given)
  const { issuer, fetch, staleKeysSeconds, bound } = options
  const keys = createKeySource({
    fetchKeys: () => discoverKeys(issuer, fetch),
    staleSeconds: staleKeysSeconds,
    clocks,
  })
  const refused = (error: unknown): Checked<EnrollmentClaims> => {
    if (error instanceof LedgerUnavailableError) {
      return refuse({ code: 'ledger_unavailable', cause: error })
    }
    throw error
  }
  return {
    bound,
    async verify(token, shown = {}) {
      const checked = await check(keys, options, token, shown).catch(refused)
      if (checked.ok) return checked.value
      const { code, ...rest } = checked.refusal
      throw new TokenError(code, rest)
    },
  }
}

/**
 * Makes a verifier of enrollment tokens, and of tokens that were exchanged for them. Make one and keep it: it keeps the
 * keys of the issuer, which it gets at the first token.
 *
 * It asks the service for nothing else, so a ban or revocation does not reach a token that was issued before. Where
 * that is too long, ask `/v1/introspect`, or let `/v1/authorize` decide.
 * @param options which tokens are admitted
 * @returns the verifier
 * @throws TypeError if `audience` is left out, or `proofs` or `publicUrl` of a verifier of bound tokens
 * @throws RangeError if a value is not allowed
 * @example
 * ```ts
 * import { createTokenVerifier } from 'rollcall/relying-party'
 *
 * const verifier = createTokenVerifier({
 *   issuer: 'https://rollcall.example',
 *   audience: 'https://cluster.example',
 *   roles: ['worker'],
 *   match: { region_id: ['cn-*'], private_ipv4: ['10.0.0.0/8'] },
 * })
 * console.log(verifier.bound) // refuse
 * ```
 * @see RFC 7519 (JWT), RFC 8725 (best practices), RFC 9449 (DPoP)
 */
export const createTokenVerifier = (options: TokenVerifierOptions): TokenVerifier =>
  createVerifier(options)
