// `rollcall admin bans`, `ban` and `unban`.

import { Argument, type Command } from 'commander'
import type { BanName } from '../../client/index.ts'
import { matchesField } from '../../codec/identity-document.ts'
import { usageError } from '../command-error.ts'
import { addHelp } from '../help.ts'
import { print, printJson, printTable, timeText } from '../output.ts'
import { type SharedOptions, addSharedOptions, clientOf } from './options.ts'
import { printPages } from './print-pages.ts'

const HEADER = ['KIND', 'VALUE', 'BANNED AT', 'BY', 'REASON']
const MAX_REASON_LENGTH = 256

type BanKind = BanName['kind']

/** The fields of identity documents that a ban can name. */
const BANNED_FIELDS: Readonly<Record<BanKind, string>> = {
  account: 'owner-account-id',
  image: 'image-id',
  instance: 'instance-id',
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
    throw usageError(`the value is not like the id of an ${kind}`)
  }
}

const checkReason = (reason: string | undefined): string => {
  if (reason !== undefined && reason.trim() !== '' && reason.length <= MAX_REASON_LENGTH) {
    return reason
  }
  throw usageError(
    `--reason: say why in 1 to ${MAX_REASON_LENGTH} characters, for whoever finds the ban later`,
  )
}

const withBanned = (command: Command): Command =>
  command
    .addArgument(new Argument('<kind>', 'what to name').choices(Object.keys(BANNED_FIELDS)))
    .argument('<value>', 'its id')

const banOne = async (
  kind: BanKind,
  value: string,
  options: SharedOptions & { readonly reason?: string },
): Promise<void> => {
  checkBanned(kind, value)
  const reason = checkReason(options.reason)
  const client = await clientOf(options)
  const answer = await client.ban({ kind, value }, reason)
  if (options.json) printJson(answer)
  else print(`${kind} ${value}: banned`)
}

const unbanOne = async (kind: BanKind, value: string, options: SharedOptions): Promise<void> => {
  checkBanned(kind, value)
  const client = await clientOf(options)
  const answer = await client.unban({ kind, value })
  if (options.json) printJson(answer)
  else print(`${kind} ${value}: not banned`)
}

/** Adds the subcommands. */
export const addBans = (admin: Command): void => {
  const bans = admin.command('bans').description('List all bans.')
  addSharedOptions(bans, 'print one line of JSON for each ban')
  addHelp(bans, ['rollcall admin bans', "rollcall admin bans --json | jq -r '.reason'"])
  bans.action(listBans)

  const ban = withBanned(admin.command('ban'))
    .description('Ban an account, an image or an instance: it may not enroll.')
    .option('--reason <text>', 'why; required')
  addSharedOptions(ban)
  addHelp(
    ban,
    [
      "rollcall admin ban instance i-bp1abcdefghijklmnopq --reason 'leaked its key'",
      "rollcall admin ban image m-bp1abcdefghijklmnopq --reason 'built from a fork'",
      "rollcall admin ban account 1234567890123456 --reason 'left us'",
    ],
    `It holds until it is lifted; a ban made again only gets another reason. Tokens that were
issued are not revoked for relying parties that verify them by themselves: they live for
minutes. Introspection tells that they are no longer good.`,
  )
  ban.action(banOne)

  const unban = withBanned(admin.command('unban')).description('Lift a ban, if there is one.')
  addSharedOptions(unban)
  addHelp(unban, ['rollcall admin unban instance i-bp1abcdefghijklmnopq'])
  unban.action(unbanOne)
}
