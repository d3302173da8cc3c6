// What a role's tokens may be exchanged for (RFC 8693): the schema of `exchange` in a policy. No I/O, no clock.

import * as v from 'valibot'
import { audienceName, groupNames, oneOf, wholeSeconds } from './schema.ts'

/** The longest life of an exchanged token, in seconds. */
export const MAX_EXCHANGE_LIFETIME_SECONDS = 600
const DEFAULT_LIFETIME_SECONDS = 120

/** Whether the tokens of an audience are bound to a key (RFC 9449). */
export type TokenBinding = 'none' | 'dpop'

/** A token that a role's tokens may be exchanged for. */
export interface Exchange {
  /** The only `aud` of the new token. */
  readonly audience: string
  /** How long it is valid at most, 1 to 600 seconds; never longer than the exchanged token. Default: 120. */
  readonly lifetimeSeconds: number
  /** `dpop`: bound to the same key. `none`: for relying parties that take bearer tokens. */
  readonly binding: TokenBinding
  /** The `groups` claim. Default: empty, and the claim is absent. */
  readonly groups: readonly string[]
}

/** The schema of one entry. */
const ExchangeSchema = v.strictObject({
  audience: audienceName,
  lifetime_seconds: v.optional(
    wholeSeconds(MAX_EXCHANGE_LIFETIME_SECONDS),
    DEFAULT_LIFETIME_SECONDS,
  ),
  binding: oneOf(['none', 'dpop'] as const),
  groups: v.optional(groupNames, []),
})

/** The names that an entry may have. */
export const EXCHANGE_MEMBERS: readonly string[] = /* @__PURE__ */ Object.keys(
  ExchangeSchema.entries,
)

/** An entry as it is written. */
interface WrittenExchange {
  audience: string
  lifetime_seconds: number
  binding: TokenBinding
  groups: string[]
}

/** The schema of `exchange`. Each audience has one entry. */
export const ExchangesSchema: v.GenericSchema<unknown, WrittenExchange[]> = v.pipe(
  v.array(ExchangeSchema, 'expected a list'),
  v.check(
    (entries) => new Set(entries.map(({ audience }) => audience)).size === entries.length,
    'an audience occurs twice',
  ),
)

/** The entries as a policy has them. */
export const readExchanges = (entries: readonly WrittenExchange[]): readonly Exchange[] =>
  entries.map(({ lifetime_seconds: lifetimeSeconds, ...entry }) => ({ ...entry, lifetimeSeconds }))
