// `rollcall admin list`: instances, page by page.

import type { Command } from 'commander'
import type { Instance } from '../../client/index.ts'
import { say } from '../say.ts'
import { addHelp, wholeNumber } from '../help.ts'
import { printJson, printTable, printable, timeText } from '../output.ts'
import {
  type SharedOptions,
  accountArgument,
  addSharedOptions,
  clientOf,
  regionArgument,
} from './options.ts'
import { printPages } from './print-pages.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

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

/** The changes that an operator made to an instance. */
const stateOf = ({ open, revoked_until: revokedUntil }: Instance): string => {
  const states = [
    ...(open ? ['open'] : []),
    ...(revokedUntil === undefined ? [] : [`revoked until ${timeText(revokedUntil)}`]),
  ]
  return states.length === 0 ? '-' : states.join(', ')
}

const rowOf = (it: Instance): string[] => [
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
  const isWanted = (it: Instance): boolean =>
    (account === undefined || it.owner_account_id === account) &&
    (region === undefined || it.region_id === region)
  await printPages(client.instances({ cursor, limit }), {
    show({ items }) {
      const found = items.filter(isWanted)
      if (json) for (const it of found) printJson(it)
      else printTable(HEADER, found.map(rowOf))
      return found.length
    },
    stops(page, shown) {
      if (all || shown === 0) return false
      if (page.cursor !== undefined) say(`more: --cursor ${printable(page.cursor)}, or --all`)
      return true
    },
    none: json ? undefined : 'no instances',
  })
}

/** Adds the subcommand. */
export const addList = (admin: Command): void => {
  const command = admin
    .command('list')
    .description('List instances: the first page with results, or all pages.')
    .option('--account <id>', 'only those of an account', accountArgument)
    .option('--region <id>', 'only those of a region', regionArgument)
    .option('--all', 'every page')
    .option(
      '--limit <n>',
      'how many instances the service looks at for a page',
      wholeNumber(1, MAX_LIMIT),
      DEFAULT_LIMIT,
    )
    .option('--cursor <text>', 'continue after an earlier page')
  addSharedOptions(command, 'print one line of JSON for each instance')
  addHelp(
    command,
    [
      'rollcall admin list',
      'rollcall admin list --all --account 1234567890123456 --region cn-hangzhou',
      "rollcall admin list --all --json | jq -r 'select(.open) | .instance_id'",
    ],
    `The order is unspecified. If more pages follow, standard error shows the cursor of the next one.
State: "open" from a reset until the next enrollment.`,
  )
  command.action(list)
}
