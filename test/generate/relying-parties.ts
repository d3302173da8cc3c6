// What real relying parties make of the bad tokens, for docs/use/README.md and for the tests that pin it.

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
/** A program that looks at the role refuses these. Most programs read the last of two equal claims, which names another role. */
const ROLES = [
  'another role',
  'role that begins with yours',
  'role that ends with yours',
  'a claim twice, yours first',
] as const

/** The bad tokens that a library admits, too, without the lines of the program that refuse them. */
export const REFUSED_BY_PROGRAM: Listed = {
  PyJWT: [...OTHER_TYPES, ...BOUND, ...ROLES],
  'go-oidc': ['no kid', ...OTHER_TYPES, ...BOUND, ...ROLES],
  jose: ['no kid', ...BOUND, ...ROLES],
  'express-oauth2-jwt-bearer': ['no kid', ...OTHER_TYPES, 'bound to a certificate', ...ROLES],
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
  return (ROLES as readonly BadTokenName[]).includes(name) ? 403 : 401
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

/** Doors: relying parties that are configured, not programmed. Their names are those of recipes. */
export const DOORS = ['nginx-njs', 'apache-openidc', 'apache-oauth2', 'haproxy', 'step-ca'] as const

/** The name of one. */
export type DoorParty = (typeof DOORS)[number]

type ListedDoors = Readonly<Record<DoorParty, readonly BadTokenName[]>>

/** The bad tokens that a door admits, since it cannot refuse them. */
export const ADMITTED_BY_DOORS: ListedDoors = {
  'nginx-njs': ['a claim twice'],
  'apache-openidc': ['a claim twice'],
  'apache-oauth2': ['a claim twice'],
  haproxy: ['a claim twice, yours first'],
  'step-ca': [...OTHER_TYPES],
}

const IGNORED_BY_APACHE = [
  'nbf in half an hour',
  'no exp',
  'no aud',
  'another aud',
  'aud as text',
  'another iss',
  'iss with a slash at its end',
  'no kid',
  ...OTHER_TYPES,
  ...BOUND,
  ...ROLES,
  'crit',
  'aud that begins with yours',
  'aud that ends with yours',
  'aud that is a part of yours',
] as const

/**
 * Doors of which the program verifies tokens by itself, and the bad ones that it admits without the other lines of the
 * recipe. Of the other doors, the recipe is the verifier.
 */
export const REFUSED_BY_RECIPE: Partial<ListedDoors> = {
  'apache-openidc': IGNORED_BY_APACHE,
  'apache-oauth2': IGNORED_BY_APACHE,
  'step-ca': [
    'no exp',
    'aud as text',
    ...BOUND,
    'another role',
    'role that begins with yours',
    'role that ends with yours',
  ],
}

const doorCell = (door: DoorParty, name: BadTokenName): string => {
  if (ADMITTED_BY_DOORS[door].includes(name)) return '**admitted**'
  return REFUSED_BY_RECIPE[door]?.includes(name) ? 'by the recipe' : 'refused'
}

const DOOR_TITLES: Readonly<Record<DoorParty, string>> = {
  'nginx-njs': 'nginx, njs',
  'apache-openidc': 'mod_auth_openidc',
  'apache-oauth2': 'mod_oauth2',
  haproxy: 'HAProxy',
  'step-ca': 'step-ca',
}

/** A row for each bad token, a column for each door. */
export const doorTable = (): string =>
  markdownTable(
    ['token', ...DOORS.map((door) => DOOR_TITLES[door])],
    BAD_TOKEN_NAMES.map((name) => [name, ...DOORS.map((door) => doorCell(door, name))]),
  )

/** Doors that refuse a token if its `iat` is ahead of their clock. */
export const REFUSES_FUTURE: readonly DoorParty[] = ['apache-oauth2']
