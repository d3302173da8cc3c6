// The options of a verifier, checked once: what is left out where nothing may be assumed is an error, so that nobody
// accepts every token by forgetting a line.

import { checkCalledIssuer } from '../base/issuer.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { ECS_FIELD_NAMES, type EcsField } from '../policy/fields.ts'
import { readAddressBlock } from '../policy/pattern.ts'
import { CLOCK_TOLERANCE_SECONDS } from '../token/claims.ts'
import { parseUrl } from '../base/url.ts'

/** What to do with tokens that are bound to a key: `refuse` them, `require` a bound token, or `allow` both. */
export type BoundTokens = 'refuse' | 'require' | 'allow'

/** The `alg` of a token that a verifier can accept (RFC 7518, RFC 8037, RFC 9864). */
export type AcceptedAlgorithm = 'ES256' | 'RS256' | 'EdDSA' | 'Ed25519'

/** The part of `fetch` that is used. */
export type KeyFetch = (url: string, init: RequestInit) => Promise<Response>

/** Which tokens a verifier admits. */
export interface TokenVerifierOptions {
  /** The `ROLLCALL_ISSUER` of the service, exactly: `https://HOST[:PORT]`; `http` is for localhost only. */
  readonly issuer: string
  /** The names of this relying party: a token must have one of them in `aud`. `null`: any audience, on purpose. */
  readonly audience: string | readonly string[] | null
  /** The roles that are admitted; not empty. Default: every role that gets the audience. */
  readonly roles?: readonly string[] | undefined
  /**
   * The instances that are admitted, in the language of a policy's `match`: every field that is named must match one of
   * its values. Default: every instance.
   */
  readonly match?: Readonly<Partial<Record<EcsField, readonly string[]>>> | undefined
  /** The algorithms that are accepted. Default: all four. */
  readonly algorithms?: readonly AcceptedAlgorithm[] | undefined
  /** How far the clocks of service and relying party may differ, 0 to 300 seconds. Default: 30. */
  readonly clockToleranceSeconds?: number | undefined
  /** What to do with tokens that are bound to a key (RFC 9449). Default: `refuse`. */
  readonly bound?: BoundTokens | undefined
  /**
   * How old the last good keys may become while the issuer does not answer, 0 to 86,400 seconds; below 300 they are used
   * for 300. Default: 3600.
   */
  readonly staleKeysSeconds?: number | undefined
  /**
   * Where used proofs are stored, so that each is accepted once. `null`: proofs may be used again within a minute, on
   * purpose. Required unless `bound` is `refuse`.
   */
  readonly proofs?: Ledger | null | undefined
  /**
   * The address at which callers reach this relying party, without a slash at its end: `https://app.example`. With the path of the
   * request it is the `htu` of a proof. Required unless `bound` is `refuse`.
   */
  readonly publicUrl?: string | undefined
  /** Gets discovery document and keys. Default: the platform's. */
  readonly fetch?: KeyFetch | undefined
}

/** The same, complete. */
export interface FullOptions {
  readonly issuer: string
  readonly audience: readonly string[] | null
  readonly roles: readonly string[] | null
  readonly match: readonly (readonly [EcsField, readonly string[]])[]
  readonly algorithms: readonly string[]
  readonly clockToleranceSeconds: number
  readonly bound: BoundTokens
  readonly staleKeysSeconds: number
  readonly proofs: Ledger | null
  readonly publicUrl: string
  readonly fetch: KeyFetch
}

const ALGORITHMS: readonly AcceptedAlgorithm[] = ['ES256', 'RS256', 'EdDSA', 'Ed25519']
const BOUND: readonly BoundTokens[] = ['refuse', 'require', 'allow']
const MAX_TOLERANCE_SECONDS = 300
const STALE_SECONDS = 3600
const MAX_STALE_SECONDS = 86_400

/** A list of texts. @throws TypeError, RangeError */
const texts = (name: string, value: unknown): readonly string[] => {
  if (!Array.isArray(value)) throw new TypeError(`${name}: expected a list of texts`)
  if (value.length === 0) throw new RangeError(`${name}: expected at least one value`)
  const list = value as readonly unknown[]
  if (!list.every((each): each is string => typeof each === 'string' && each !== '')) {
    throw new TypeError(`${name}: expected texts that are not empty`)
  }
  return [...list]
}

/** A list whose values are all known. @throws TypeError, RangeError */
const known = <Value extends string>(
  name: string,
  value: unknown,
  all: readonly Value[],
): readonly string[] => {
  const list = texts(name, value)
  if (list.every((each) => all.some((one) => one === each))) return list
  throw new RangeError(`${name}: expected ${all.join(', ')}`)
}

const seconds = (name: string, value: number, max: number): number => {
  if (typeof value === 'number' && value >= 0 && value <= max) return value
  throw new RangeError(`${name}: expected 0 to ${max} seconds`)
}

const readAudience = (audience: unknown): FullOptions['audience'] => {
  if (audience === undefined) {
    throw new TypeError(
      'audience: required, the name of this relying party; null accepts tokens for anybody',
    )
  }
  if (audience === null) return null
  return texts('audience', typeof audience === 'string' ? [audience] : audience)
}

const readMatch = (match: object): FullOptions['match'] =>
  Object.entries(match).map(([name, value]) => {
    const field = ECS_FIELD_NAMES.find((each) => each === name)
    if (field === undefined) {
      throw new RangeError(`match: unknown field; expected ${ECS_FIELD_NAMES.join(', ')}`)
    }
    const patterns = texts(`match.${field}`, value)
    if (field === 'owner_account_id' && patterns.some((each) => each.includes('*'))) {
      throw new RangeError('match.owner_account_id: expected account ids without *')
    }
    if (field === 'private_ipv4') {
      for (const pattern of patterns) {
        const block = readAddressBlock(pattern)
        if (!block.ok) throw new RangeError(`match.private_ipv4: ${block.refusal}`)
      }
    }
    return [field, patterns]
  })

const PUBLIC_URL = /^https?:\/\/[^/?#@\s]+(?:\/[^?#\s]*[^/?#\s])?$/

/** What proofs are checked against. @throws TypeError if it is left out where proofs are needed; RangeError */
const readProofs = ({
  bound = 'refuse',
  proofs,
  publicUrl,
}: TokenVerifierOptions): Pick<FullOptions, 'bound' | 'proofs' | 'publicUrl'> => {
  if (!BOUND.includes(bound)) throw new RangeError(`bound: expected ${BOUND.join(', ')}`)
  if (bound !== 'refuse' && proofs === undefined) {
    throw new TypeError(
      `proofs: required, since "bound" is "${bound}": a ledger; null accepts a proof more than once`,
    )
  }
  if (bound !== 'refuse' && publicUrl === undefined) {
    throw new TypeError(
      `publicUrl: required, since "bound" is "${bound}": the address at which callers reach you`,
    )
  }
  if (
    publicUrl !== undefined &&
    !(PUBLIC_URL.test(publicUrl) && parseUrl(publicUrl) !== undefined)
  ) {
    throw new RangeError(
      'publicUrl: expected https://HOST without a query or a slash at its end, such as https://app.example',
    )
  }
  return { bound, proofs: proofs ?? null, publicUrl: publicUrl ?? '' }
}

/**
 * Checks the options.
 * @returns all of them, with their defaults
 * @throws TypeError if a required one is left out, or has another type; RangeError if a value is not allowed
 */
export const readOptions = (options: TokenVerifierOptions): FullOptions => {
  const { issuer, roles, match = {}, algorithms = ALGORITHMS } = options
  const { clockToleranceSeconds = CLOCK_TOLERANCE_SECONDS, staleKeysSeconds = STALE_SECONDS } =
    options
  if (typeof issuer !== 'string') throw new TypeError('issuer: required, https://HOST')
  const checked = checkCalledIssuer(issuer)
  if (!checked.ok) throw new RangeError(`issuer: ${checked.refusal}`)
  return {
    issuer,
    audience: readAudience(options.audience),
    roles: roles === undefined ? null : texts('roles', roles),
    match: readMatch(match),
    algorithms: known('algorithms', algorithms, ALGORITHMS),
    clockToleranceSeconds: seconds(
      'clockToleranceSeconds',
      clockToleranceSeconds,
      MAX_TOLERANCE_SECONDS,
    ),
    staleKeysSeconds: seconds('staleKeysSeconds', staleKeysSeconds, MAX_STALE_SECONDS),
    ...readProofs(options),
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
  }
}
