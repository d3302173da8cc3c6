// `rollcall admin`: the operators' calls as commands.

import type { Command } from 'commander'
import { NETWORK_HELP, addHelp } from '../help.ts'
import { addBans } from './bans.ts'
import { addInstance } from './instance.ts'
import { addKeygen } from './keygen.ts'
import { addList } from './list.ts'
import { addPrune } from './prune.ts'
import { addTokens } from './tokens.ts'

/** Adds the subcommand. */
export const addAdmin = (program: Command): void => {
  const admin = program
    .command('admin')
    .description('Manage the instances that a service has enrolled.')
  const examples = [
    'rollcall admin keygen --out operator.json',
    'export ROLLCALL_ISSUER=https://rollcall.example ROLLCALL_ADMIN_KEY_FILE=operator.json',
    'rollcall admin list --region cn-hangzhou',
    'rollcall admin reset i-bp1abcdefghijklmnopq',
    'rollcall admin COMMAND --help',
  ]
  addHelp(admin, examples, NETWORK_HELP)
  addList(admin)
  addInstance(admin)
  addBans(admin)
  addTokens(admin)
  addPrune(admin)
  addKeygen(admin)
}
