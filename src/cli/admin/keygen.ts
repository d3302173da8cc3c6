// `rollcall admin keygen`: a key for an operator. The private half never leaves the file.

import { type Command, Option } from 'commander'
import { writeFileSync } from 'node:fs'
import { generateSigningKeys } from '../../token/generate.ts'
import { parseSigningKeys } from '../../token/signing-keys.ts'
import {
  OPERATOR_NAME_PATTERN,
  OPERATOR_SCOPES,
  type OperatorScope,
} from '../../token/admin-keys.ts'
import { say, usageError } from '../exit-status.ts'
import { addHelp } from '../help.ts'
import { printJson } from '../output.ts'

interface KeygenOptions {
  readonly out: string
  readonly algorithm: 'ES256' | 'RS256' | 'EdDSA'
  readonly name?: string
  readonly scope?: readonly OperatorScope[]
}

/** The public keys with what is pinned to them. */
const withPins = (
  { keys }: { readonly keys: readonly object[] },
  { name, scope }: KeygenOptions,
): { readonly keys: readonly object[] } => ({
  keys: keys.map((key) => ({ ...key, ...(name && { name }), ...(scope && { scope }) })),
})

const keygen = async (options: KeygenOptions): Promise<void> => {
  const { out, algorithm, name } = options
  if (name !== undefined && !OPERATOR_NAME_PATTERN.test(name)) {
    throw usageError('--name: expected 1 to 128 characters of printable ASCII, no spaces')
  }
  const privateKeys = await generateSigningKeys(algorithm)
  try {
    // `wx`: two that run at once, or a link that somebody laid, don't overwrite either.
    writeFileSync(out, `${JSON.stringify(privateKeys)}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const { code = 'failed' } = error as NodeJS.ErrnoException
    throw usageError(
      code === 'EEXIST'
        ? `--out: ${out} exists already; keys are never overwritten`
        : `--out: cannot write ${out} (${code})`,
    )
  }
  printJson(withPins((await parseSigningKeys(privateKeys)).jwks, options))
  say(`the private key is in ${out}; keep it to yourself`)
  say('next: add the public key above to ROLLCALL_ADMIN_KEYS of the service')
}

/** Adds the subcommand. */
export const addKeygen = (admin: Command): void => {
  const command = admin
    .command('keygen')
    .description('Make the key of an operator.')
    .requiredOption('--out <file>', 'new file for the private JWKS, which only you can read')
    .addOption(
      new Option('--algorithm <alg>', 'algorithm of your tokens')
        .choices(['ES256', 'RS256', 'EdDSA'])
        .default('ES256'),
    )
    .option('--name <name>', 'the only name that the service accepts with this key')
    .addOption(
      new Option(
        '--scope <scope...>',
        'what the key may do (default: all); introspect alone suits a relying party',
      ).choices(OPERATOR_SCOPES),
    )
    .option('--json', 'taken for the sake of uniformity: the output is JSON anyway')
    .allowExcessArguments(false)
  addHelp(
    command,
    [
      'rollcall admin keygen --out admin-key.json --name alice@corp > admin-keys.json',
      'rollcall admin keygen --out vault-key.json --name vault --scope introspect',
    ],
    `Standard output gets the public JWKS, for ROLLCALL_ADMIN_KEYS or ROLLCALL_ADMIN_KEYS_FILE of
the service; with several operators put the keys of all into one set. Each operator has a
key of their own, and none is a key that signs tokens. A key with a name is good for that name
alone: give the same name with --operator.`,
  )
  command.action(keygen)
}
