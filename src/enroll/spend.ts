// Spending a challenge: one atomic claim in the ledger. The entry remembers what it was spent on and
// when, which is all that a retry needs; no token is stored.

import { concatBytes, toBase64Url, utf8 } from '../bytes.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { sha256 } from '../verify/sha256.ts'
import type { Challenge } from './challenge.ts'

/** How long a challenge is kept as spent after its expiry, against clocks that differ. */
const KEPT_AFTER_EXPIRY_SECONDS = 120

const JTI_BYTES = 16

/** A challenge that this evidence has spent, now or before. */
export interface Spent {
  /** The `jti` of every token that this challenge gives: derived from it, and doesn't reveal it. */
  readonly jti: string
  /** Unix seconds at which it was first spent: `iat`. */
  readonly issuedAt: number
  /** Whether it was spent before, on the same evidence. */
  readonly retry: boolean
}

/**
 * Spends a challenge on evidence.
 * @param digest of the evidence, lower-case hex
 * @param now Unix seconds
 * @returns `undefined` if it was spent on other evidence
 * @throws LedgerUnavailableError
 */
export const spendChallenge = async (
  ledger: Ledger,
  { id, expiresAt }: Challenge,
  digest: string,
  now: number,
): Promise<Spent | undefined> => {
  const entry = {
    key: `challenge:${toBase64Url(id)}`,
    value: `${now} ${digest}`,
    expiresAt: expiresAt + KEPT_AFTER_EXPIRY_SECONDS,
  }
  const before = await ledger.claim(entry, now)
  const [issuedAt, spentOn] = (before ?? entry.value).split(' ')
  if (spentOn !== digest) return undefined
  const hash = sha256(concatBytes(utf8('rollcall-jti-v1\n'), id))
  return {
    jti: toBase64Url(hash.subarray(0, JTI_BYTES)),
    issuedAt: Number(issuedAt),
    retry: before !== undefined,
  }
}
