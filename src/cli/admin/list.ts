// `rollcall admin list`: instances, page by page.

import type { Command } from 'commander'
import { say } from '../exit-status.ts'
import { addHelp, wholeNumber } from '../help.ts'
import { print, printJson, printTable, printable, timeText } from '../output.ts'
import { type InstanceAnswer, readInstancePage } from './answers.ts'
import { accountArgument, regionArgument } from './names.ts'
import { type SharedOptions, addSharedOptions, clientOf } from './options.ts'
import { DEFAULT_LIMIT, MAX_LIMIT, midway, pagesOf } from './pages.ts'

interface ListOptions extends SharedOptions {
  readonly account?: string
  readonly region?: string
  readonly all?: true
  readonly limit: number
  readonly cursor?: string
}

const HEADER = [
  'ACCOUNT',
  'REGION',
  'INSTANCE',
  'ROLE',
  'ENROLLMENTS',
  'LAST ENROLLED',
  'STATE',
  'SERIAL NUMBER',
]

/** What an operator has done to an instance. */
const stateOf = ({ open, revoked_until: revokedUntil }: InstanceAnswer): string => {
  const states = [
    ...(open ? ['open'] : []),
    ...(revokedUntil === undefined ? [] : [`revoked until ${timeText(revokedUntil)}`]),
  ]
  return states.length === 0 ? '-' : states.join(', ')
}

const rowOf = (it: InstanceAnswer): string[] => [
  it.owner_account_id,
  it.region_id,
  it.instance_id,
  it.role ?? '-',
  String(it.enrollments),
  timeText(it.last_enrolled_at),
  stateOf(it),
  it.serial_number,
]

const list = async (options: ListOptions): Promise<void> => {
  const { account, region, all = false, limit, cursor, json = false } = options
  const client = await clientOf(options)
  let shown = 0
  try {
    for await (const page of pagesOf(client, 'list', readInstancePage, { cursor, limit })) {
      const found = page.items.filter(
        (it) =>
          (account === undefined || it.owner_account_id === account) &&
          (region === undefined || it.region_id === region),
      )
      shown += found.length
      if (json) for (const it of found) printJson(it)
      else printTable(HEADER, found.map(rowOf))
      if (all || shown === 0) continue
      if (page.cursor !== undefined) say(`more: --cursor ${printable(page.cursor)}, or --all`)
      return
    }
  } catch (error) {
    throw shown > 0 ? midway(error) : error
  }
  if (shown === 0 && !json) print('no instances')
}

/** Adds the subcommand. */
export const addList = (admin: Command): void => {
  const command = admin
    .command('list')
    .description('List instances: the first page that has any, or all.')
    .option('--account <id>', 'only those of an account', accountArgument)
    .option('--region <id>', 'only those of a region', regionArgument)
    .option('--all', 'every page')
    .option(
      '--limit <n>',
      'how many the service looks at for a page',
      wholeNumber(1, MAX_LIMIT),
      DEFAULT_LIMIT,
    )
    .option('--cursor <text>', 'begin where a page before ended')
  addSharedOptions(command, 'print one line of JSON for each instance')
  addHelp(
    command,
    [
      'rollcall admin list',
      'rollcall admin list --all --account 1234567890123456 --region cn-hangzhou',
      "rollcall admin list --all --json | jq -r 'select(.open) | .instance_id'",
    ],
    `The order is the service's own. Where more pages follow, standard error says with which
cursor. State: "open" after a reset, until the next enrollment.`,
  )
  command.action(list)
}
