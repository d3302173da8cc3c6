// `rollcall keygen`: the signing keys of a service, a private JWKS.

import { type Command, Option } from 'commander'
import type { TokenAlgorithm } from '../../token/algorithms.ts'
import { usageError } from '../command-error.ts'
import { say } from '../say.ts'
import { addMoreHelp } from '../help.ts'
import { printPrivateKey } from '../secret-output.ts'
import { VARIABLE, addToDevVars, checkDevVars } from './dev-vars.ts'
import { writeNewKey } from './new-key-file.ts'
import { ROTATION_STEPS, type RotationStep } from '../../token/rotation.ts'

interface KeygenOptions {
  readonly algorithm?: TokenAlgorithm['alg']
  readonly out?: string
  readonly devVars?: string
  readonly rotate?: string
  readonly step?: RotationStep
  readonly early?: true
  readonly json?: true
}

const keygen = async (options: KeygenOptions): Promise<void> => {
  const { algorithm, out, devVars, rotate: file } = options
  if (file !== undefined) {
    if (out !== undefined || devVars !== undefined) {
      throw usageError('--rotate changes the file in place; remove --out and --dev-vars')
    }
    const { rotate } = await import('./rotate.ts')
    await rotate({ ...options, rotate: file })
  } else {
    if (options.step !== undefined || options.early) {
      throw usageError('--step and --early need --rotate')
    }
    const { generateSigningKeys } = await import('../../token/generate.ts')
    const json = JSON.stringify(await generateSigningKeys(algorithm ?? 'ES256'))
    if (devVars !== undefined) await checkDevVars(devVars)
    if (out !== undefined) writeNewKey(out, json)
    if (devVars !== undefined) await addToDevVars(devVars, json)
    if (out === undefined && devVars === undefined) printPrivateKey(json)
  }
  if (algorithm === 'EdDSA') say('warning: Kubernetes rejects tokens signed with EdDSA')
}

const MORE = `The keys are a secret: anyone who has them can make tokens. Write them with --out, or pipe them into
a secret store. The command warns if standard output is a terminal or a file that others can read.

--rotate FILE takes the next step of a rotation, and says what to do then:
  stage    adds a new key after the one that signs; every instance must publish it
  promote  moves the new key to the front, so that it signs; 10 minutes after stage or later
  remove   removes the old key; 70 minutes after promote or later
A step that is too early, or not the one that --step names, is refused and changes nothing.
FILE is replaced atomically and keeps its owner and mode.`

/** Adds the subcommand. */
export const addKeygen = (program: Command): void => {
  const command = program
    .command('keygen')
    .description('Make or rotate the signing keys of a service, a private JWKS.')
    .addOption(
      new Option(
        '--algorithm <alg>',
        'of the tokens (default: ES256; with --rotate, as the key that signs)',
      ).choices(['ES256', 'RS256', 'EdDSA']),
    )
    .option('--out <file>', 'write to a new file that only you can read, not to standard output')
    .option('--dev-vars <file>', `add ${VARIABLE} to a file such as .dev.vars, for development`)
    .option('--rotate <file>', 'take the next step of a rotation in this file')
    .addOption(new Option('--step <name>', 'refuse any other step').choices(ROTATION_STEPS))
    .option('--early', 'take the step although it is too early')
    .option('--json', 'print one JSON document (the keys are JSON anyway)')
    .allowExcessArguments(false)
    .action(keygen)
  addMoreHelp(command, {
    examples: [
      'rollcall keygen --out signing-keys.json',
      'rollcall keygen --rotate signing-keys.json',
      'rollcall keygen --dev-vars .dev.vars',
      `rollcall keygen | npx wrangler secret put ${VARIABLE}`,
    ],
    more: MORE,
    exits: '0 done, 2 usage, or too early for the step (nothing was changed)',
  })
}
