// What relying parties make of the bad tokens that no test starts: docs/use/README.md says it, and
// `npm run relying-party-by-hand` tries it again.

import { BAD_TOKEN_NAMES, type BadTokenName } from '../support/bad-tokens.ts'
import { markdownTable } from './markdown-table.ts'

/** Doors that were tried by hand, by the names of their recipes, with the newest version of those that differ. */
export const BY_HAND_DOORS = ['vault', 'consul', 'rabbitmq', 'rabbitmq-4'] as const

/** The name of one. */
export type ByHandDoor = (typeof BY_HAND_DOORS)[number]

type Listed = Readonly<Record<ByHandDoor, readonly BadTokenName[]>>

const OTHER_TYPES = ["typ of an operator's token", 'typ of a proof'] as const
const BOUND = [
  'bound to a key',
  'bound to a certificate',
  'bound to a key and a certificate',
] as const
const BY_HASHICORP = ['aud as text', 'no kid', ...OTHER_TYPES, 'a claim twice'] as const

const BY_RABBITMQ = [
  'nbf in half an hour',
  'aud as text',
  'another iss',
  'iss with a slash at its end',
  ...OTHER_TYPES,
  ...BOUND,
  'another role',
  'crit',
  'a claim twice',
  'role that begins with yours',
  'role that ends with yours',
  'a claim twice, yours first',
] as const

/** The bad tokens that one admits, since it cannot refuse them. */
export const ADMITTED_BY_HAND: Listed = {
  vault: ['no exp', ...BY_HASHICORP],
  consul: BY_HASHICORP,
  rabbitmq: ['no exp', ...BY_RABBITMQ],
  // `require_exp` is its default.
  'rabbitmq-4': BY_RABBITMQ,
}

/**
 * The bad tokens that one refuses only because its recipe maps `cnf`: it demands text of what it maps, and the `cnf` of
 * a bound token is an object.
 */
export const REFUSED_BY_CNF_LINE: Listed = {
  vault: BOUND,
  consul: BOUND,
  rabbitmq: [],
  'rabbitmq-4': [],
}

/** Those that fetch the keys for a token of an unknown key only, and so accept a removed key until then. */
export const KEEPS_REMOVED_KEY: readonly ByHandDoor[] = ['vault', 'consul']

const TITLES: Readonly<Record<ByHandDoor, string>> = {
  vault: 'Vault 1.8',
  consul: 'Consul 1.8',
  rabbitmq: 'RabbitMQ 3.10',
  'rabbitmq-4': 'RabbitMQ 4.3',
}

/** A row for each bad token, a column for each door. */
export const byHandTable = (): string =>
  markdownTable(
    ['token', ...BY_HAND_DOORS.map((door) => TITLES[door])],
    BAD_TOKEN_NAMES.map((name) => [
      name,
      ...BY_HAND_DOORS.map((door) => {
        if (ADMITTED_BY_HAND[door].includes(name)) return '**admitted**'
        return REFUSED_BY_CNF_LINE[door].includes(name) ? 'by the recipe' : 'refused'
      }),
    ]),
  )
