// Spends a challenge: one atomic compare-and-set in the ledger. The entry stores the digest of the evidence, the
// time, and the generation and count of the instance's record. A retry needs no more; no token is stored.

import { type Bytes, concatBytes, toBase64Url, utf8 } from '../base/bytes.ts'
import type { CryptoPort } from '../base/crypto.ts'
import { LedgerUnavailableError } from '../base/errors.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { encodeStored } from '../base/stored-format.ts'
import { decodeStored } from './format.ts'
import type { InstanceRecord } from './instance-record.ts'

/** How long a challenge is kept as spent after its expiry, against clocks that differ. */
const SPENT_AFTER_EXPIRY_SECONDS = 120

const JTI_BYTES = 16
const JTI_LABEL = /* @__PURE__ */ utf8('rollcall-jti-v1\n')

/** A challenge of this service that has not expired. */
export interface Challenge {
  /** Random bytes and MAC, decoded: its name in the ledger. */
  readonly id: Bytes
  /** See {@link jtiOf}. */
  readonly jti: string
  /** Unix seconds. */
  readonly expiresAt: number
}

/** A challenge that this evidence has spent, now or before. */
export interface Spent {
  /** See {@link jtiOf}. */
  readonly jti: string
  /** Unix seconds at which it was first spent: `iat`. */
  readonly issuedAt: number
  /** Generation and count of the instance's record before it was first spent. */
  readonly generation: number
  readonly count: number
  /** Whether it was spent before, on the same evidence. */
  readonly retry: boolean
}

/** The `jti` of every token for a challenge: derived from the challenge, and does not reveal it. */
export const jtiOf = (id: Challenge['id'], { sha256 }: Pick<CryptoPort, 'sha256'>): string =>
  toBase64Url(sha256(concatBytes(JTI_LABEL, id)).subarray(0, JTI_BYTES))

/**
 * Spends a challenge on evidence. A token from before a reset has no standing, and a reset covers its whole second. So
 * the token of an enrollment after a reset gets a later second than the reset, even if the clock here is behind.
 * @param digest of the evidence, lower-case hex
 * @param record of the instance, read before this call: its stored generation reveals a later reset
 * @param now Unix seconds
 * @throws LedgerUnavailableError
 */
export const spendChallenge = async (
  ledger: Ledger,
  { id, jti, expiresAt }: Challenge,
  digest: string,
  record: Pick<InstanceRecord, 'generation' | 'count' | 'resetAt'>,
  now: number,
): Promise<Result<Spent, 'challenge_spent'>> => {
  const issuedAt = Math.max(now, record.resetAt + 1)
  const entry = {
    key: `challenge:${toBase64Url(id)}`,
    value: encodeStored([issuedAt, digest, record.generation, record.count].join(' ')),
    expiresAt: expiresAt + SPENT_AFTER_EXPIRY_SECONDS,
  }
  const swap = await ledger.compareAndSet(entry, undefined, now)
  if (swap.stored) {
    const { generation, count } = record
    return accept({ jti, issuedAt, generation, count, retry: false })
  }
  // Not stored, and no value there: the entry was just removed, which needs a clock that is far off.
  if (swap.value === undefined) throw new LedgerUnavailableError('a spent challenge is gone')
  const [firstIssuedAt, spentOn, generation, count] = decodeStored(swap.value).split(' ')
  // The challenge was spent on other evidence.
  if (spentOn !== digest) return refuse('challenge_spent')
  return accept({
    jti,
    issuedAt: Number(firstIssuedAt),
    generation: Number(generation),
    count: Number(count),
    retry: true,
  })
}
