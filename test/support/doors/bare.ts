// The recipes without the lines that refuse what a program admits by itself.

import type { DoorParty } from '../../generate/relying-parties.ts'
import type { Changes } from './door.ts'

const APACHE: Changes = [
  [/ {6}Require expr "-z reqenv\('ROLLCALL_SHOWN.*\n/, '      Require valid-user\n'],
  [/ {6}Require (?:oauth2_)?claim .*\n/, ''],
]

/** What is changed in each of them. */
export const BARE: Readonly<Partial<Record<DoorParty, Changes>>> = {
  'apache-openidc': [...APACHE, [/ {6}<RequireNone>[^]*<\/RequireNone>\n/, '']],
  'apache-oauth2': [
    ...APACHE,
    [/ {6}Require expr "-z reqenv\('OAUTH2_CLAIM_cnf.*\n/, ''],
    [' verify.exp=required&verify.iat=required', ''],
  ],
  'step-ca': [[/^\{\{- if .*\n/gm, '']],
}
