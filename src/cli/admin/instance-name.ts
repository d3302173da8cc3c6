// The instance of a command: account, region and id as the user types them, or the id alone. For an
// id alone, the list of the service gives the account and the region.

import { type Command, InvalidArgumentError } from 'commander'
import type { InstanceName, OperatorClient } from '../../client/index.ts'
import { CommandError, usageError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { accountArgument, instanceArgument, regionArgument } from './options.ts'

/** The most items that a service reads for one page. */
const PAGE_LIMIT = 1000

/** What was typed. */
export type TypedName = InstanceName | Pick<InstanceName, 'instance'>

/** Checks what was typed; an error shows the usage of the subcommand. */
export const readTypedName = (words: readonly string[], command: Command): TypedName => {
  const [instance = '', region, account] = words.toReversed()
  if (words.length !== 1 && words.length !== 3) {
    command.error(`expected INSTANCE, or ACCOUNT REGION INSTANCE, but got ${words.length} words`)
  }
  try {
    if (account === undefined || region === undefined)
      return { instance: instanceArgument(instance) }
    return {
      account: accountArgument(account),
      region: regionArgument(region),
      instance: instanceArgument(instance),
    }
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    return command.error(`not the name of an instance: ${words.join(' ')}. ${error.message}`)
  }
}

const findByInstance = async (
  client: Pick<OperatorClient, 'instances'>,
  instance: string,
): Promise<InstanceName[]> => {
  // An address has no serial number, so instances that differ only in it have one name.
  const found = new Map<string, InstanceName>()
  for await (const { items } of client.instances({ limit: PAGE_LIMIT })) {
    for (const { instance_id: id, owner_account_id: account, region_id: region } of items) {
      if (id === instance) found.set(`${account}/${region}`, { account, region, instance })
    }
  }
  return [...found.values()]
}

/**
 * Completes a name by the list of the service, all of its pages.
 * @throws CommandError if no instance or more than one has the id; ClientError
 */
export const completeName = async (
  client: Pick<OperatorClient, 'instances'>,
  typed: TypedName,
): Promise<InstanceName> => {
  if ('account' in typed) return typed
  const { instance } = typed
  const [name, ...others] = await findByInstance(client, instance)
  if (name === undefined) {
    throw new CommandError(
      EXIT.refused,
      `the service knows no instance ${instance}; check the id, and that the issuer is the right service`,
    )
  }
  if (others.length > 0) {
    const names = [name, ...others].map((it) => `\n  ${it.account} ${it.region} ${it.instance}`)
    throw usageError(
      `${names.length} instances have this id; name one with its account and region:${names.join('')}`,
    )
  }
  return name
}
