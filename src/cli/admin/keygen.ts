// `rollcall admin keygen`: a key for an operator. The private half never leaves the file.

import { type Command, InvalidArgumentError, Option } from 'commander'
import { writeFileSync } from 'node:fs'
import {
  OPERATOR_SCOPES,
  type OperatorScope,
  OPERATOR_NAME_PATTERN,
} from '../../token/operator-keys.ts'
import { generateSigningKeys } from '../../token/generate.ts'
import { parseSigningKeys } from '../../token/signing-keys.ts'
import { usageError } from '../command-error.ts'
import { say } from '../say.ts'
import { addHelp } from '../help.ts'
import { printJson } from '../output.ts'
import { inFolder } from '../run.ts'

interface KeygenOptions {
  readonly out: string
  readonly name?: string
  readonly scope?: readonly OperatorScope[]
  readonly algorithm: 'ES256' | 'RS256' | 'EdDSA'
}

const nameArgument = (text: string): string => {
  if (OPERATOR_NAME_PATTERN.test(text)) return text
  throw new InvalidArgumentError('Expected 1 to 128 characters of ASCII, no spaces.')
}

const scopeArgument = (text: string): readonly OperatorScope[] => {
  const wanted = text.split(',')
  const scope = OPERATOR_SCOPES.filter((known) => wanted.includes(known))
  if (scope.length === wanted.length) return scope
  throw new InvalidArgumentError(
    `Expected ${OPERATOR_SCOPES.join(', ')}, each at most once, with commas between them.`,
  )
}

/** The public JWKS, with the name and the scopes of the key. */
const describing = (
  { keys }: { readonly keys: readonly object[] },
  { name, scope }: Pick<KeygenOptions, 'name' | 'scope'>,
): { readonly keys: readonly object[] } => ({
  keys: keys.map((key) => ({ ...key, ...(name && { name }), ...(scope && { scope }) })),
})

const keygen = async ({ out, algorithm, ...about }: KeygenOptions): Promise<void> => {
  const privateKeys = describing(await generateSigningKeys(algorithm), about)
  try {
    // `wx`: it fails if the file exists, also when two runs create it at once or somebody has
    // placed a link there.
    writeFileSync(inFolder(out), `${JSON.stringify(privateKeys)}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const { code = 'failed' } = error as NodeJS.ErrnoException
    throw usageError(
      code === 'EEXIST'
        ? `--out: ${out} exists already; keys are never overwritten`
        : `--out: cannot write ${out} (${code})`,
    )
  }
  printJson(describing((await parseSigningKeys(privateKeys)).jwks, about))
  say(`the private key is in ${out}; keep it secret`)
  say('next: add the public key above to ROLLCALL_ADMIN_KEYS of the service')
}

/** Adds the subcommand. */
export const addKeygen = (admin: Command): void => {
  const command = admin
    .command('keygen')
    .description('Make a key for an operator.')
    .requiredOption('--out <file>', 'new file for the private JWKS, which only you can read')
    .option(
      '--name <name>',
      'name of the operator; the service accepts no other name with this key',
      nameArgument,
    )
    .option(
      '--scope <list>',
      'what the key may do: read, write, introspect, with commas (default: all)',
      scopeArgument,
    )
    .addOption(
      new Option('--algorithm <alg>', 'algorithm of your tokens')
        .choices(['ES256', 'RS256', 'EdDSA'])
        .default('ES256'),
    )
    .option('--json', 'accepted for consistency; the output is JSON anyway')
    .allowExcessArguments(false)
  addHelp(
    command,
    [
      'rollcall admin keygen --out operator.json --name alice@example.org > admin-keys.json',
      'rollcall admin keygen --out gateway.json --name gateway --scope introspect',
    ],
    `With --name the service accepts no other name in tokens of this key, so audit events and
bans name the right operator. Without it the operator chooses the name. Scopes: "read" lists
instances and bans, "write" changes them and revokes tokens, "introspect" asks whether a
token is active. Give a relying party "introspect" alone.

The public JWKS goes to standard output, for ROLLCALL_ADMIN_KEYS or ROLLCALL_ADMIN_KEYS_FILE of
the service. For several operators, put all keys into one set. Give each operator a separate key,
and never a key that signs tokens.`,
  )
  command.action(keygen)
}
