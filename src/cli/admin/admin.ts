// `rollcall admin`: the operators' calls as commands.

import type { Command } from 'commander'
import { EXIT_HELP } from '../exit-status.ts'
import { addBans } from './bans.ts'
import { addInstance } from './instance.ts'
import { addKeygen } from './keygen.ts'
import { addList } from './list.ts'
import { addPrune } from './prune.ts'
import { addTokens } from './tokens.ts'

const HELP = `
Examples:
  rollcall admin keygen --out operator.json
  export ROLLCALL_ISSUER=https://rollcall.example ROLLCALL_ADMIN_KEY_FILE=operator.json
  rollcall admin list --region cn-hangzhou
  rollcall admin reset 1234567890123456 cn-hangzhou i-bp1abcdefghijklmnopq
  rollcall admin COMMAND --help
${EXIT_HELP}`

/** Adds the subcommand. */
export const addAdmin = (program: Command): void => {
  const admin = program
    .command('admin')
    .description('Look after the instances that a service has enrolled.')
    .addHelpText('after', HELP)
  addList(admin)
  addInstance(admin)
  addBans(admin)
  addTokens(admin)
  addPrune(admin)
  addKeygen(admin)
}
