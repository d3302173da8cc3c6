// Accounts and regions that a program checks by itself, beside the role.

import type { RecipeDemands } from '../form.ts'

/** One list of admitted values. */
export interface ProgramCondition {
  /** Of the list in the program, lower case. */
  readonly name: 'accounts' | 'regions'
  /** The member of the claim `ecs`. */
  readonly claim: 'owner_account_id' | 'region_id'
  readonly values: readonly string[]
}

/** Those that the user asked for. */
export const conditionsOf = ({ accounts, regions }: RecipeDemands): readonly ProgramCondition[] =>
  (
    [
      { name: 'accounts', claim: 'owner_account_id', values: accounts },
      { name: 'regions', claim: 'region_id', values: regions },
    ] as const
  ).filter(({ values }) => values.length > 0)
