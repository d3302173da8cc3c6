// `rollcall admin show`, `reset`, `revoke` and `forget`: one instance.

import type { Command } from 'commander'
import type { Instance } from '../../client/index.ts'
import { addHelp } from '../help.ts'
import { print, printJson, printMembers, timeText } from '../output.ts'
import { completeName, readTypedName } from './instance-name.ts'
import { type SharedOptions, addSharedOptions, clientOf } from './options.ts'

type Action = 'show' | 'reset' | 'revoke' | 'forget'

const printInstance = (it: Instance): void =>
  printMembers([
    ['account', it.owner_account_id],
    ['region', it.region_id],
    ['instance', it.instance_id],
    ['serial number', it.serial_number],
    ['role', it.role],
    ['image', it.image_id],
    ['enrollments', String(it.enrollments)],
    ['first enrolled', timeText(it.first_enrolled_at)],
    ['last enrolled', timeText(it.last_enrolled_at)],
    ['key', it.jkt],
    ['resets', String(it.generation)],
    ['next enrollment', it.open ? 'counts as the first, with any key' : 'by the rule of its role'],
    ['revoked until', it.revoked_until === undefined ? undefined : timeText(it.revoked_until)],
  ])

const printDone =
  (what: (it: Instance) => string) =>
  (it: Instance): void =>
    print(`${it.owner_account_id}/${it.region_id}/${it.instance_id}: ${what(it)}`)

interface Subcommand {
  readonly description: string
  readonly more: string
  readonly printAnswer: (it: Instance) => void
}

const SUBCOMMANDS: Readonly<Record<Action, Subcommand>> = {
  show: {
    description: 'Show an instance.',
    more: 'If two instances differ only in their serial number, the latest to enroll is shown.',
    printAnswer: printInstance,
  },
  reset: {
    description: 'Reset an instance: its next enrollment counts as the first.',
    more: `The next enrollment counts as the first one, with any key. Used evidence stays used. Tokens stay
valid: if you do not trust the machine, revoke them as well.`,
    printAnswer: printDone(() => 'reset; its next enrollment counts as the first one'),
  },
  revoke: {
    description: 'Revoke all tokens that an instance has now.',
    more: 'It can enroll again if its role allows that; ban it to prevent that.',
    printAnswer: printDone(
      ({ revoked_until: until }) => `revoked all of its tokens up to ${timeText(until)}`,
    ),
  },
  forget: {
    description: 'Revoke all tokens of an instance and forget it.',
    more: 'For instances that were released. Used evidence stays used.',
    printAnswer: printDone(() => 'revoked all of its tokens, and forgotten'),
  },
}

const BY_ID = `With the id alone, the command looks the instance up in the list, so the key needs the scope
"read". If several instances have the id, they are listed and nothing is changed.`

const addOne = (admin: Command, action: Action): void => {
  const { description, more, printAnswer } = SUBCOMMANDS[action]
  const command = admin
    .command(action)
    .description(description)
    .argument('<instance...>', 'id of the instance; or its account, region and id')
  addSharedOptions(command)
  const id = 'i-bp1abcdefghijklmnopq'
  addHelp(
    command,
    [
      `rollcall admin ${action} ${id}`,
      `rollcall admin ${action} 1234567890123456 cn-hangzhou ${id} --json`,
    ],
    `${more}\n\n${BY_ID}`,
  )
  command.action(async (words: readonly string[], options: SharedOptions) => {
    const typed = readTypedName(words, command)
    const client = await clientOf(options)
    const answer = await client[action](await completeName(client, typed))
    if (options.json) printJson(answer)
    else printAnswer(answer)
  })
}

/** Adds the subcommands. */
export const addInstance = (admin: Command): void => {
  for (const action of ['show', 'reset', 'revoke', 'forget'] as const) addOne(admin, action)
}
