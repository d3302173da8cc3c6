// `rollcall admin keygen`: a key for an operator. The private half never leaves the file.

import { type Command, Option } from 'commander'
import { writeFileSync } from 'node:fs'
import { generateSigningKeys } from '../../token/generate.ts'
import { parseSigningKeys } from '../../token/signing-keys.ts'
import { say, usageError } from '../exit-status.ts'
import { addHelp } from '../help.ts'
import { printJson } from '../output.ts'

interface KeygenOptions {
  readonly out: string
  readonly algorithm: 'ES256' | 'RS256' | 'EdDSA'
}

const keygen = async ({ out, algorithm }: KeygenOptions): Promise<void> => {
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
  printJson((await parseSigningKeys(privateKeys)).jwks)
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
    .option('--json', 'taken for the sake of uniformity: the output is JSON anyway')
    .allowExcessArguments(false)
  addHelp(
    command,
    ['rollcall admin keygen --out operator.json > admin-keys.json'],
    `Standard output gets the public JWKS, for ROLLCALL_ADMIN_KEYS or ROLLCALL_ADMIN_KEYS_FILE of
the service; with several operators put the keys of all into one set. Each operator has a
key of their own, and none is a key that signs tokens.`,
  )
  command.action(keygen)
}
