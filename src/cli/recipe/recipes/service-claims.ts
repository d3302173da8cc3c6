// Claims about accounts and regions, for services that compare claims with lists.

import type { RecipeDemands } from '../form.ts'

/**
 * The lists of accounts and regions that the user asked for.
 * @param pathOf the name of a member of the claim `ecs`, as the service spells it
 */
export const clientClaims = (
  { accounts, regions }: RecipeDemands,
  pathOf: (member: string) => string,
): Readonly<Record<string, readonly string[]>> => ({
  ...(accounts.length > 0 && { [pathOf('owner_account_id')]: accounts }),
  ...(regions.length > 0 && { [pathOf('region_id')]: regions }),
})
