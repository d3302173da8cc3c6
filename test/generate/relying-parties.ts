// What real relying parties make of the 25 bad tokens, for docs/use/README.md and for the tests that pin it.

import { BAD_TOKENS, BAD_TOKEN_NAMES, type BadTokenName } from '../support/bad-tokens.ts'
import { markdownTable } from './markdown-table.ts'

/** Relying parties that verify tokens by themselves, as their pages configure them. */
export const VERIFYING_PARTIES = ['PyJWT', 'go-oidc', 'jose', 'express-oauth2-jwt-bearer'] as const

/** The name of one. */
export type VerifyingParty = (typeof VERIFYING_PARTIES)[number]

type Listed = Readonly<Record<VerifyingParty, readonly BadTokenName[]>>

/** The bad tokens that a relying party admits, since its library cannot refuse them. */
export const ADMITTED: Listed = {
  PyJWT: ['aud as text', 'a claim twice'],
  'go-oidc': ['aud as text', 'a claim twice'],
  jose: ['aud as text', 'a claim twice'],
  'express-oauth2-jwt-bearer': ['aud as text', 'a claim twice'],
}

const OTHER_TYPES = ["typ of an operator's token", 'typ of a proof'] as const
const BOUND = [
  'bound to a key',
  'bound to a certificate',
  'bound to a key and a certificate',
] as const

/** The bad tokens that a library admits, too, without the lines of the program that refuse them. */
export const REFUSED_BY_PROGRAM: Listed = {
  PyJWT: [...OTHER_TYPES, ...BOUND, 'another role'],
  'go-oidc': ['no kid', ...OTHER_TYPES, ...BOUND, 'another role'],
  jose: ['no kid', ...BOUND, 'another role'],
  'express-oauth2-jwt-bearer': ['no kid', ...OTHER_TYPES, 'bound to a certificate', 'another role'],
}

/**
 * Those that accept a removed key until they fetch the keys again, and fetch them only for a token of a key that they
 * do not have.
 */
export const KEEPS_REMOVED_KEYS: readonly VerifyingParty[] = ['go-oidc']

/** Those that go on with the keys that they have, even old ones, while the issuer is unreachable. */
export const KEEPS_KEYS_OF_UNREACHABLE: readonly VerifyingParty[] = ['go-oidc']

/** The status that a relying party answers a bad token with: 403 if only the role is wrong. */
export const expectedStatus = (party: VerifyingParty, name: BadTokenName): number => {
  if (ADMITTED[party].includes(name)) return 200
  return name === 'another role' ? 403 : 401
}

const cell = (party: VerifyingParty, name: BadTokenName): string => {
  if (ADMITTED[party].includes(name)) return '**admitted**'
  return REFUSED_BY_PROGRAM[party].includes(name) ? 'by the program' : 'refused'
}

/** This project's own verifiers must refuse all of them: `BAD_TOKENS` has no other verdict. */
const OWN = ['`rollcall/relying-party`', 'nginx, Caddy'] as const

/** A row for each bad token, a column for each relying party. */
export const badTokenTable = (): string =>
  markdownTable(
    ['token', ...OWN, ...VERIFYING_PARTIES],
    BAD_TOKEN_NAMES.map((name) => {
      const { library, authorize } = BAD_TOKENS[name]
      return [
        name,
        `\`${library}\``,
        String(authorize),
        ...VERIFYING_PARTIES.map((party) => cell(party, name)),
      ]
    }),
  )
