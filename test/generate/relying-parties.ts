// What real relying parties make of the 25 bad tokens, for docs/use/README.md and for the tests that pin it.

import { BAD_TOKEN_NAMES, type BadTokenName } from '../support/bad-tokens.ts'
import { markdownTable } from './markdown-table.ts'

/** Relying parties that verify tokens by themselves, as their pages configure them. */
export const VERIFYING_PARTIES = ['PyJWT', 'go-oidc', 'jose', 'express-oauth2-jwt-bearer'] as const

/** The name of one. */
export type VerifyingParty = (typeof VERIFYING_PARTIES)[number]

/** The bad tokens that a relying party admits, since its library cannot refuse them. */
export const ADMITTED: Readonly<Record<VerifyingParty, readonly BadTokenName[]>> = {
  PyJWT: ['aud as text', 'a claim twice'],
  'go-oidc': ['aud as text', 'a claim twice'],
  jose: ['aud as text', 'a claim twice'],
  'express-oauth2-jwt-bearer': ['aud as text', 'a claim twice'],
}

/**
 * Those that accept a removed key until they fetch the keys again, and fetch them only for a token of a key that they
 * do not have.
 */
export const KEEPS_REMOVED_KEYS: readonly VerifyingParty[] = ['go-oidc']

/** The status that a relying party answers a bad token with: 403 if only the role is wrong. */
export const expectedStatus = (party: VerifyingParty, name: BadTokenName): number => {
  if (ADMITTED[party].includes(name)) return 200
  return name === 'another role' ? 403 : 401
}

/** A row for each bad token, a column for each relying party. */
export const badTokenTable = (): string =>
  markdownTable(
    ['token', ...VERIFYING_PARTIES],
    BAD_TOKEN_NAMES.map((name) => [
      name,
      ...VERIFYING_PARTIES.map((party) =>
        ADMITTED[party].includes(name) ? '**admitted**' : 'refused',
      ),
    ]),
  )
