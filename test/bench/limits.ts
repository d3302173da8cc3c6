// What each ratio of `npm run bench` should be, and what it may be. The one table: the benchmark shows it, and the
// check judges by it.

/** The limit of a ratio. */
export interface Limit {
  /** What is compared. */
  readonly what: string
  /** Whether a smaller ratio is better (`at most`) or a larger one. */
  readonly bound: 'at most' | 'at least'
  /** What is aimed at. */
  readonly aim: number
  /** What should hold. */
  readonly limit: number
  /**
   * What is reached today, where that is worse than the limit. The check fails only beyond it, so that it still notices
   * what gets slower. Default: the limit.
   */
  readonly reached?: number
}

/** Every ratio, by its name in the last line of the benchmark. */
export const LIMITS = {
  verify_ratio: {
    what: 'verifyInstanceIdentity() to a bare verify, WebCrypto',
    bound: 'at most',
    aim: 1.15,
    limit: 1.15,
    reached: 1.45,
  },
  verify_node_ratio: {
    what: 'verifyInstanceIdentity() to a bare verify, node:crypto',
    bound: 'at most',
    aim: 1.5,
    limit: 1.5,
  },
  enroll_ratio: {
    what: 'enroll() to its cryptography, node:crypto',
    bound: 'at most',
    aim: 2,
    limit: 2,
    reached: 2.75,
  },
  asn1_cms_ratio: {
    what: '@peculiar/asn1-cms to verifyInstanceIdentity()',
    bound: 'at least',
    aim: 7,
    limit: 7,
  },
  pkijs_ratio: {
    what: 'pkijs to verifyInstanceIdentity()',
    bound: 'at least',
    aim: 40,
    limit: 40,
  },
  openssl_ratio: {
    what: 'the openssl command to verifyInstanceIdentity(), elapsed',
    bound: 'at least',
    aim: 100,
    limit: 100,
  },
  go_pkcs7_ratio: {
    what: "Go's pkcs7 to verifyInstanceIdentity()",
    bound: 'at least',
    aim: 1,
    limit: 1,
  },
  sqlite_groups_ratio: {
    what: 'SQLite, 32 writes at a time: one in a transaction to a group, elapsed',
    bound: 'at least',
    aim: 8,
    limit: 8,
  },
  node_bare_ratio: {
    what: 'our server to a bare one on Node',
    bound: 'at most',
    aim: 1.25,
    limit: 1.6,
  },
  node_go_ratio: {
    what: 'our server to one in Go',
    bound: 'at most',
    aim: 1.5,
    limit: 1.8,
  },
} as const satisfies Readonly<Record<string, Limit>>

/** The name of a ratio. */
export type RatioName = keyof typeof LIMITS

/** All names, in the order of the table. */
export const RATIO_NAMES = Object.keys(LIMITS) as RatioName[]

/** Nearer to its limit than this, a result is measured once more. */
const NEAR = 0.06

/** Only a result that is farther beyond its limit than this fails the check: machines are noisy. */
const TOLERANCE = 0.15

const beyond = (bound: Limit['bound'], value: number, ratio: number): number =>
  bound === 'at most' ? ratio / value - 1 : value / ratio - 1

/** How far a ratio is beyond its limit: 0.1 is ten percent worse, a negative number is better. */
export const beyondLimit = (name: RatioName, ratio: number): number => {
  const { bound, limit } = LIMITS[name]
  return beyond(bound, limit, ratio)
}

/** Whether a ratio is so near to its limit that it is measured once more. */
export const isNearLimit = (name: RatioName, ratio: number): boolean =>
  Math.abs(beyondLimit(name, ratio)) < NEAR

/** Whether a ratio fails the check. One that isn't a number does. */
export const failsCheck = (name: RatioName, ratio: number): boolean => {
  const { bound, limit, reached = limit }: Limit = LIMITS[name]
  return !(beyond(bound, reached, ratio) <= TOLERANCE)
}

/** What is said of a ratio: `aim met`, `limit met` or how far it is beyond the limit. */
export const verdict = (name: RatioName, ratio: number): string => {
  const { bound, aim } = LIMITS[name]
  if (bound === 'at most' ? ratio <= aim : ratio >= aim) return 'aim met'
  const excess = beyondLimit(name, ratio)
  return excess <= 0 ? 'limit met' : `${(100 * excess).toFixed(0)} % beyond its limit`
}
