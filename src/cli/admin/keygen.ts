// `rollcall admin keygen`: a key for an operator or a relying party. The private half never leaves the file.

import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  OPERATOR_SCOPES,
  type OperatorScope,
  OPERATOR_NAME_PATTERN,
} from '../../token/operator-keys.ts'
import { generateSigningKeys } from '../../token/generate.ts'
import { AUDIENCE_PATTERN } from '../../policy/schema.ts'
import { parseSigningKeys } from '../../token/signing-keys.ts'
import { usageError } from '../command-error.ts'
import { say } from '../say.ts'
import { addHelp } from '../help.ts'
import { printJson } from '../output.ts'
import { writeNewKey } from '../keygen/new-key-file.ts'

interface KeygenOptions {
  readonly out: string
  readonly name?: string
  readonly scope?: readonly OperatorScope[]
  /** The key is for a relying party of these audiences. Default: it is for an operator. */
  readonly audiences?: readonly string[]
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

const audiencesArgument = (text: string): readonly string[] => {
  const audiences = text.split(',')
  const isList = new Set(audiences).size === audiences.length
  if (isList && audiences.every((one) => AUDIENCE_PATTERN.test(one))) return audiences
  throw new InvalidArgumentError(
    'Expected audiences of the policy, each at most once, with commas between them.',
  )
}

/** The public JWKS, with what the service must know of the key. */
const describing = (
  { keys }: { readonly keys: readonly object[] },
  { name, scope, audiences }: Pick<KeygenOptions, 'name' | 'scope' | 'audiences'>,
): { readonly keys: readonly object[] } => ({
  keys: keys.map((key) => ({
    ...key,
    ...(name && { name }),
    ...(scope && { scope }),
    ...(audiences && { audiences }),
  })),
})

const keygen = async ({ out, algorithm, ...about }: KeygenOptions): Promise<void> => {
  const { name, scope, audiences } = about
  if (audiences !== undefined && name === undefined) {
    throw usageError('--audiences: a relying party needs a name, too; add --name NAME')
  }
  if (audiences !== undefined && scope !== undefined) {
    throw usageError('--audiences: a relying party has no scopes; leave --scope out')
  }
  const privateKeys = describing(await generateSigningKeys(algorithm), about)
  writeNewKey(out, JSON.stringify(privateKeys))
  printJson(describing((await parseSigningKeys(privateKeys)).jwks, about))
  say(`the private key is in ${out}; keep it secret`)
  const variable = audiences === undefined ? 'ROLLCALL_ADMIN_KEYS' : 'ROLLCALL_RELYING_PARTY_KEYS'
  say(`next: add the public key above to ${variable} of the service`)
}

/** Adds the subcommand. */
export const addKeygen = (admin: Command): void => {
  const command = admin
    .command('keygen')
    .description('Make a key for an operator or a relying party.')
    .requiredOption('--out <file>', 'new file for the private JWKS, which only you can read')
    .option(
      '--name <name>',
      'name of the owner; the service accepts no other name with this key',
      nameArgument,
    )
    .option(
      '--scope <list>',
      'what the key may do: read, write, introspect, with commas (default: all)',
      scopeArgument,
    )
    .option(
      '--audiences <list>',
      'make the key of a relying party, which may introspect tokens of these audiences',
      audiencesArgument,
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
      'rollcall admin keygen --out vault.json --name vault --audiences https://vault.example',
    ],
    `With --name the service accepts no other name in tokens of this key, so audit events and
bans name the right operator. Without it the operator chooses the name. Scopes: "read" lists
instances and bans, "write" changes them and revokes tokens, "introspect" asks whether a
token is active.

With --audiences the key is for a relying party, which asks POST /v1/introspect about tokens of
these audiences and can do nothing else.

The public JWKS goes to standard output, for the service: the key of an operator to
ROLLCALL_ADMIN_KEYS, the key of a relying party to ROLLCALL_RELYING_PARTY_KEYS. With _FILE at its
end, the variable names a file. For several owners, put all keys into one set. Give each a separate
key, and never a key that signs tokens.`,
  )
  command.action(keygen)
}
