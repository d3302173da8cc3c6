// DPoP proofs (RFC 9449 section 4.3) of a request that shows a bound token: the caller has the key that the token
// is bound to, for this request, now, once. (The proof of an enrollment, which is as fresh as its challenge, is
// in `dpop-proof.ts`.)

import { fromBase64Url, toBase64Url, utf8 } from '../base/bytes.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { sha256 } from '../base/sha256.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { spendOnce } from '../ledger/spend-once.ts'
import { type DpopRefusal, openProof } from './dpop-proof.ts'

/** How far the `iat` of a proof may be from the verifier's clock, in seconds. */
const PROOF_SECONDS = 60
/** How long a used proof is stored after its `iat`, in seconds: longer than it is taken by any clock in tolerance. */
const STORED_SECONDS = 120
const MAX_JTI_LENGTH = 128
const MAX_RSA_BITS = 4096

/** Why a proof is refused; codes for the audit event. */
export type ProofRefusal =
  | Exclude<DpopRefusal, 'dpop_nonce_mismatch' | 'dpop_key_not_of_challenge'>
  /** `iat` is more than 60 seconds away, or from before the ledger began. */
  | 'dpop_not_in_time'
  /** `ath` is missing where it is required, or is not the hash of the token. */
  | 'dpop_token_mismatch'
  /** The key is another than the one that the token is bound to. */
  | 'dpop_key_mismatch'
  /** This proof was used before. */
  | 'dpop_replayed'

/** What a proof must be of. */
export interface ProofExpectation {
  readonly method: string
  /** From the configuration, never from a Host header. */
  readonly uri: string
  /** The token that the request shows. */
  readonly accessToken: string
  /** RFC 7638 thumbprint of the key that the token is bound to. */
  readonly jkt: string
  /** Whether `ath` may be absent: RFC 9449 has none at a token endpoint. Default: false. */
  readonly allowAbsentAth?: boolean
  /** Unix seconds. */
  readonly now: number
}

/** A proof that was verified, and not yet used. */
export interface VerifiedProof {
  readonly jkt: string
  readonly jti: string
  /** Unix seconds. */
  readonly iat: number
}

// A host in ASCII only: letters of other scripts can become ASCII in lower case.
const URI = /^(https?):\/\/([A-Za-z0-9._~:[\]-]+)(?=[/?]|$)([^?#\s]*)(?:\?[^#\s]*)?$/i

/**
 * Brings an `htu` to the form in which it is compared (RFC 9449 section 4.3, RFC 3986 section 6.2.2): scheme and host in
 * lower case, without a default port or a query, the path byte for byte.
 * @returns absent if it is not an absolute http or https URI
 */
export const comparableUri = (uri: string): string | undefined => {
  const [, scheme, authority, path] = URI.exec(uri) ?? []
  if (scheme === undefined || authority === undefined) return undefined
  const lower = scheme.toLowerCase()
  const host = authority.toLowerCase().replace(lower === 'https' ? /:443$/ : /:80$/, '')
  return `${lower}://${host}${path || '/'}`
}

const hashOf = (text: string): string => toBase64Url(sha256(utf8(text)))

/**
 * Verifies a proof. Whether it was used before is for {@link spendProof} to find out, as the last step.
 * @param proof the value of the one `DPoP` header; several joined by commas are no proof
 */
export const verifyProof = async (
  proof: string,
  { method, uri, accessToken, jkt, allowAbsentAth = false, now }: ProofExpectation,
): Promise<Result<VerifiedProof, ProofRefusal>> => {
  const opened = await openProof(proof)
  if (!opened.ok) return opened
  const { claims, key } = opened.value
  const { jti, htm, htu, iat, ath } = claims
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_LENGTH) {
    return refuse('dpop_malformed')
  }
  if (typeof iat !== 'number' || typeof htu !== 'string') return refuse('dpop_malformed')
  const { n } = key.jwk
  if (n !== undefined && (fromBase64Url(n)?.length ?? 0) * 8 > MAX_RSA_BITS) {
    return refuse('dpop_key_refused')
  }
  if (htm !== method) return refuse('dpop_method_mismatch')
  const shown = comparableUri(htu)
  if (shown === undefined || shown !== comparableUri(uri)) return refuse('dpop_uri_mismatch')
  const isOfToken = ath === undefined ? allowAbsentAth : ath === hashOf(accessToken)
  if (!isOfToken) return refuse('dpop_token_mismatch')
  if (key.thumbprint !== jkt) return refuse('dpop_key_mismatch')
  return Math.abs(now - iat) <= PROOF_SECONDS
    ? accept({ jkt, jti, iat })
    : refuse('dpop_not_in_time')
}

/**
 * Uses a proof up: of any number of callers that show it, one passes. Call it last, after everything else was right.
 * @param ledger where used proofs are stored
 * @param now Unix seconds
 * @throws LedgerUnavailableError
 */
export const spendProof = async (
  ledger: Ledger,
  { jkt, jti, iat }: VerifiedProof,
  now: number,
): Promise<Result<VerifiedProof, 'dpop_not_in_time' | 'dpop_replayed'>> => {
  const once = {
    key: `proof:${hashOf(`${jkt}\n${jti}`)}`,
    madeAt: iat,
    expiresAt: Math.floor(iat) + STORED_SECONDS,
  }
  const outcome = await spendOnce(ledger, once, now)
  if (outcome === 'spent') return accept({ jkt, jti, iat })
  return refuse(outcome === 'used' ? 'dpop_replayed' : 'dpop_not_in_time')
}
