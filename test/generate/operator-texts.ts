// How operators make each call, and what it does beyond its summary. A call without an entry does not compile.

import type { OperatorAction } from '../../src/base/wire/operator-calls.ts'

/** By call: the command, and its effect. */
export const OPERATOR_COMMANDS: Readonly<
  Record<OperatorAction, readonly [command: string, effect: string]>
> = {
  list: ['list', 'shows the records of instances; `--all` shows every page'],
  show: ['show INSTANCE', 'shows one record'],
  reset: [
    'reset INSTANCE',
    'the next enrollment counts as the first; earlier challenges are rejected',
  ],
  revoke: ['revoke INSTANCE', 'revokes every token issued until now'],
  forget: ['forget INSTANCE', 'revokes, and deletes the record'],
  list_bans: ['bans', 'shows all bans'],
  ban: [
    'ban KIND VALUE --reason TEXT',
    'rejects every enrollment of the account, image or instance',
  ],
  unban: ['unban KIND VALUE', 'lifts a ban'],
  introspect: [
    'introspect --token-file FILE',
    'says whether a token is active, and shows its claims',
  ],
  revoke_token: ['revoke-token --token-file FILE', 'revokes one token; `--jti` names it instead'],
}
