// `rollcall token inspect`: shows what a token says, and when it expires. Nothing is verified.

import type { Command } from 'commander'
import type { Members } from '../../token/jws.ts'
import { readUnverified } from '../../token/unverified.ts'
import { CommandError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { addMoreHelp } from '../help.ts'
import { fileArgument } from '../named-file.ts'
import { print, printJson, printMembers, timeText } from '../output.ts'
import { thisRun } from '../run.ts'
import { readTokenFile } from '../token-file.ts'
import { claimRows, isShownTime, relativeTime } from './claim-rows.ts'

/** What people want to know of a token first. */
interface Summary {
  /** Thumbprint of the key that the token is bound to. */
  readonly jkt: string | undefined
  /** `jti` of the enrollment token that it was exchanged for. */
  readonly parent: string | undefined
  /** Unix seconds. */
  readonly exp: number | undefined
}

const textIn = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined

const summaryOf = ({ cnf, exp, enrollment_jti: parent }: Members): Summary => ({
  jkt: textIn((cnf as Members | undefined | null)?.['jkt']),
  parent: textIn(parent),
  exp: isShownTime(exp) ? exp : undefined,
})

const summaryRows = (
  { jkt, parent, exp }: Summary,
  now: number,
): [string, string | undefined][] => [
  [
    'expires',
    exp === undefined
      ? 'never, by this token; no relying party should accept that'
      : `${relativeTime(exp, now)}${exp <= now ? ': it has expired, by the clock of this machine' : ''}`,
  ],
  [
    'bound',
    jkt === undefined
      ? 'no: everyone who has the token can use it'
      : `to the key ${jkt}: each request needs a proof (rollcall token proof)`,
  ],
  ['exchanged', parent && `for the token ${parent}: what ends that one ends this one`],
]

const inspect = async (path: string, { json }: { readonly json?: true }): Promise<void> => {
  const token = readUnverified(await readTokenFile(path, 'TOKEN'))
  if (token === undefined) {
    const where = path === '-' ? 'standard input' : path
    throw new CommandError(
      EXIT.notGood,
      `${where}: the header or the claims of the token are not JSON in base64url; was it cut off or changed?`,
    )
  }
  const { header, claims } = token
  const now = thisRun().timing.now()
  const summary = summaryOf(claims)
  if (json) {
    printJson({
      verified: false,
      header,
      claims,
      bound: summary.jkt !== undefined,
      exchanged: summary.parent !== undefined,
      ...(summary.exp !== undefined && {
        expires_at: timeText(summary.exp),
        expired: summary.exp <= now,
      }),
    })
    return
  }
  print('not verified: anybody may have written this; use `rollcall token verify`')
  printMembers([
    ...claimRows(header, now).map(([name, text]): [string, string] => [`header ${name}`, text]),
    ...claimRows(claims, now),
  ])
  printMembers(summaryRows(summary, now))
}

/** Adds the subcommand. */
export const addTokenInspect = (token: Command): void => {
  const command = token
    .command('inspect')
    .description('Show what a token says and when it expires, without verifying it.')
    .addArgument(fileArgument('<TOKEN>', 'the token in a file'))
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(inspect)
  addMoreHelp(command, {
    examples: ['rollcall token inspect token.jwt', 'rollcall token inspect --json - < token.jwt'],
    more: `Nothing is verified: anybody may have written what this shows. The signature is not shown, so the
output cannot be used as the token.`,
    exits: '0 shown, 1 not a token, 2 usage',
  })
}
