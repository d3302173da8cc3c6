// `rollcall token`: what the owner of a token, and the team of a relying party, does with it.

import type { Command } from 'commander'
import { addMoreHelp } from '../help.ts'
import { addTokenInspect } from './inspect.ts'
import { addTokenProof } from './proof.ts'
import { addTokenVerify } from './verify.ts'

/** Adds the subcommand. */
export const addToken = (program: Command): void => {
  const token = program.command('token').description('Inspect, verify and prove enrollment tokens.')
  addMoreHelp(token, {
    examples: [
      'rollcall token inspect token.jwt',
      'rollcall token verify token.jwt --issuer https://rollcall.example --audience https://app.example',
      'rollcall token COMMAND --help',
    ],
    exits: '0 done, 1 the token is refused, 2 usage, 5 service not available',
  })
  addTokenInspect(token)
  addTokenVerify(token)
  addTokenProof(token)
}
