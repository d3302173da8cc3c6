// How long challenges and tokens may live, and so how long an entry that revokes them must be kept.

import { MAX_TOKEN_LIFETIME_SECONDS } from '../policy/policy.ts'

/** The longest life of a challenge, in seconds. */
export const MAX_CHALLENGE_LIFETIME_SECONDS = 3600

/** For clocks that differ, and so added to a lifetime, in seconds. */
const MARGIN_SECONDS = 120

/**
 * Unix seconds at which every challenge made until now has expired, and every token issued for one of them.
 * @param now Unix seconds
 */
export const outlivedAt = (now: number): number =>
  now + MAX_CHALLENGE_LIFETIME_SECONDS + MAX_TOKEN_LIFETIME_SECONDS + MARGIN_SECONDS
