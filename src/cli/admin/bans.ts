// `rollcall admin bans`, `ban` and `unban`.

import { Argument, type Command } from 'commander'
import { type Ban, type BanName, ClientError, type OperatorClient } from '../../client/index.ts'
import { matchesField } from '../../codec/identity-document.ts'
import { usageError } from '../command-error.ts'
import { addHelp } from '../help.ts'
import { print, printJson, printTable, printable, timeText } from '../output.ts'
import { type SharedOptions, addSharedOptions, clientOf } from './options.ts'
import { printPages } from './print-pages.ts'

const HEADER = ['KIND', 'VALUE', 'BANNED AT', 'BY', 'REASON']
const MAX_REASON_LENGTH = 256
/** The most items that a service reads for one page. */
const PAGE_LIMIT = 1000

type BanKind = BanName['kind']

/** The fields of identity documents that a ban can name. */
const BANNED_FIELDS: Readonly<Record<BanKind, string>> = {
  account: 'owner-account-id',
  image: 'image-id',
  instance: 'instance-id',
}

const EXAMPLES: Readonly<Record<BanKind, string>> = {
  account: '1234567890123456',
  image: 'm-bp1abcdefghijklmnopq',
  instance: 'i-bp1abcdefghijklmnopq',
}

const listBans = async (options: SharedOptions): Promise<void> => {
  const client = await clientOf(options)
  await printPages(client.bans(), {
    show({ items }) {
      const rows = items.map((it) => [
        it.kind,
        it.value,
        timeText(it.banned_at),
        it.banned_by,
        it.reason,
      ])
      if (options.json) for (const it of items) printJson(it)
      else printTable(HEADER, rows)
      return items.length
    },
    none: options.json ? undefined : 'no bans',
  })
}

const checkBanned = (kind: BanKind, value: string): void => {
  if (!matchesField(BANNED_FIELDS[kind], value)) {
    const like = EXAMPLES[kind]
    throw usageError(
      `${JSON.stringify(value)} is not the id of an ${kind}; expected one like ${like}`,
    )
  }
}

const checkReason = (reason: string | undefined): string => {
  if (reason !== undefined && reason.trim() !== '' && reason.length <= MAX_REASON_LENGTH) {
    return reason
  }
  throw usageError(
    `--reason: expected 1 to ${MAX_REASON_LENGTH} characters; the list of bans shows them`,
  )
}

const withBanned = (command: Command): Command =>
  command
    .addArgument(new Argument('<kind>', 'what to name').choices(Object.keys(BANNED_FIELDS)))
    .argument('<value>', 'its id')

/**
 * The ban before a change. The key may lack the scope "read"; the change is made nevertheless.
 * @returns `undefined` if the list could not be read; `null` if there was no ban
 */
const banBefore = async (
  client: Pick<OperatorClient, 'bans'>,
  kind: BanKind,
  value: string,
): Promise<Ban | null | undefined> => {
  try {
    for await (const { items } of client.bans({ limit: PAGE_LIMIT })) {
      const found = items.find((it) => it.kind === kind && it.value === value)
      if (found !== undefined) return found
    }
    return null
  } catch (error) {
    if (error instanceof ClientError) return undefined
    throw error
  }
}

/** What a ban has changed. */
const banText = (before: Ban | null | undefined, { reason }: Ban): string => {
  if (before === undefined) return 'banned (whether it was banned before is unknown)'
  if (before === null) return 'banned'
  return before.reason === reason
    ? 'was already banned, for the same reason'
    : `was already banned; the reason is now "${reason}", and was "${before.reason}"`
}

const unbanText = (before: Ban | null | undefined): string => {
  if (before === undefined) return 'not banned now (whether it was banned before is unknown)'
  return before === null ? 'was not banned' : `ban lifted; its reason was "${before.reason}"`
}

/** For `--json`: absent if it is not known. */
const wasBanned = (before: Ban | null | undefined): boolean | undefined =>
  before === undefined ? undefined : before !== null

const banOne = async (
  kind: BanKind,
  value: string,
  options: SharedOptions & { readonly reason?: string },
): Promise<void> => {
  checkBanned(kind, value)
  const reason = checkReason(options.reason)
  const client = await clientOf(options)
  const before = await banBefore(client, kind, value)
  const answer = await client.ban({ kind, value }, reason)
  if (options.json) printJson({ ...answer, was_banned: wasBanned(before) })
  else print(printable(`${kind} ${value}: ${banText(before, answer)}`))
}

const unbanOne = async (kind: BanKind, value: string, options: SharedOptions): Promise<void> => {
  checkBanned(kind, value)
  const client = await clientOf(options)
  const before = await banBefore(client, kind, value)
  const answer = await client.unban({ kind, value })
  if (options.json) printJson({ ...answer, was_banned: wasBanned(before) })
  else print(printable(`${kind} ${value}: ${unbanText(before)}`))
}

/** Adds the subcommands. */
export const addBans = (admin: Command): void => {
  const bans = admin.command('bans').description('List all bans.')
  addSharedOptions(bans, 'print one line of JSON for each ban')
  addHelp(bans, ['rollcall admin bans', "rollcall admin bans --json | jq -r '.reason'"])
  bans.action(listBans)

  const ban = withBanned(admin.command('ban'))
    .description('Ban an account, an image or an instance from enrolling.')
    .option('--reason <text>', 'why; required')
  addSharedOptions(ban)
  addHelp(
    ban,
    [
      "rollcall admin ban instance i-bp1abcdefghijklmnopq --reason 'leaked its key'",
      "rollcall admin ban image m-bp1abcdefghijklmnopq --reason 'built from a fork'",
      "rollcall admin ban account 1234567890123456 --reason 'left us'",
    ],
    `A ban applies until it is lifted. Banning again only changes the reason. A ban does not revoke tokens:
introspection reports them as inactive, but relying parties that verify offline accept them until they
expire. The answer says whether there was a ban before, if the key has the scope "read".`,
  )
  ban.action(banOne)

  const unban = withBanned(admin.command('unban')).description('Lift a ban, if there is one.')
  addSharedOptions(unban)
  addHelp(unban, ['rollcall admin unban instance i-bp1abcdefghijklmnopq'])
  unban.action(unbanOne)
}
