// `rollcall admin introspect` and `revoke-token`: one enrollment token.

import type { Command } from 'commander'
import { usageError } from '../command-error.ts'
import { addHelp } from '../help.ts'
import { print, printJson, printMembers, timeText } from '../output.ts'
import { thisRun } from '../run.ts'
import { readTokenFile } from '../token-file.ts'
import { type SharedOptions, addSharedOptions, clientOf } from './options.ts'

interface TokenOptions extends SharedOptions {
  readonly tokenFile?: string
  readonly jti?: string
}

/**
 * Reads the token.
 * @param file absent or `-`: standard input
 * @throws CommandError
 */
const readToken = async (file = '-'): Promise<string> => {
  if (file === '-' && thisRun().stdin().isTTY) {
    throw usageError('which token? Give --token-file FILE, or write it to standard input')
  }
  return readTokenFile(file, '--token-file')
}

const TIMES: ReadonlySet<string> = new Set(['iat', 'nbf', 'exp'])

const memberText = (name: string, value: unknown): string => {
  if (TIMES.has(name) && Number.isSafeInteger(value)) return timeText(Number(value))
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const introspect = async (options: TokenOptions): Promise<void> => {
  const token = await readToken(options.tokenFile)
  const client = await clientOf(options)
  const answer = await client.introspect(token)
  if (options.json) printJson(answer)
  else printMembers(Object.entries(answer).map(([name, value]) => [name, memberText(name, value)]))
}

const checkJti = (jti: string): string => {
  if (/^[A-Za-z0-9_-]{22}$/.test(jti)) return jti
  throw usageError('--jti: expected the jti claim of an enrollment token, 22 characters')
}

const revokeToken = async (options: TokenOptions): Promise<void> => {
  const { jti, tokenFile } = options
  if (jti !== undefined && tokenFile !== undefined) {
    throw usageError('give --jti or --token-file, not both')
  }
  const named = jti === undefined ? { token: await readToken(tokenFile) } : { jti: checkJti(jti) }
  const client = await clientOf(options)
  await client.revokeToken(named)
  // The service does not say whether the token was valid before (RFC 7009 section 2.2).
  if (options.json) printJson({ active: false })
  else print('the token is not active')
}

const FROM = 'read the token from a file (default: standard input)'

/** Adds the subcommands. */
export const addTokens = (admin: Command): void => {
  const introspection = admin
    .command('introspect')
    .description('Show whether an enrollment token is active, and its claims.')
    .option('--token-file <file>', FROM)
  addSharedOptions(introspection)
  addHelp(
    introspection,
    [
      'rollcall admin introspect --token-file token.jwt',
      'rollcall admin introspect --json < token.jwt',
    ],
    `For a token that is not active the answer is "active false", without the reason. The exit status is 0.`,
  )
  introspection.action(introspect)

  const revocation = admin
    .command('revoke-token')
    .description('Revoke one enrollment token.')
    .option('--jti <jti>', 'by its jti claim, as in audit events')
    .option('--token-file <file>', FROM)
  addSharedOptions(revocation)
  addHelp(
    revocation,
    [
      'rollcall admin revoke-token --jti AAAAAAAAAAAAAAAAAAAAAA',
      'rollcall admin revoke-token < token.jwt',
    ],
    'Revoking a token again has no effect. To revoke all tokens of an instance: rollcall admin revoke.',
  )
  revocation.action(revokeToken)
}
