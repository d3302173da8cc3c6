// `rollcall keygen`: the signing keys of a service, a private JWKS.

import { type Command, Option } from 'commander'
import { existsSync, readFileSync } from 'node:fs'
import type { TokenAlgorithm } from '../../token/algorithms.ts'
import { usageError } from '../command-error.ts'
import { say } from '../say.ts'
import { addMoreHelp } from '../help.ts'
import { inFolder } from '../run.ts'
import { cannotWrite, replaceSecret, writeNewSecret } from '../secret-file.ts'
import { printPrivateKey } from '../secret-output.ts'
import { ROTATION_STEPS, type RotationStep } from '../../token/rotation.ts'

const VARIABLE = 'ROLLCALL_SIGNING_KEYS'

interface KeygenOptions {
  readonly algorithm?: TokenAlgorithm['alg']
  readonly out?: string
  readonly devVars?: string
  readonly rotate?: string
  readonly step?: RotationStep
  readonly early?: true
  readonly json?: true
}

const writeOut = (file: string, json: string): void => {
  try {
    writeNewSecret(file, `${json}\n`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotWrite(error, file, '--out')
    throw usageError(`--out: ${file} exists already; keys are never overwritten`)
  }
}

const addToDevVars = (file: string, json: string): void => {
  try {
    const path = inFolder(file)
    const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
    if (before.includes(`${VARIABLE}=`)) {
      throw usageError(`--dev-vars: ${file} has ${VARIABLE} already; remove that line first`)
    }
    const open = before === '' || before.endsWith('\n') ? before : `${before}\n`
    replaceSecret(file, `${open}${VARIABLE}='${json}'\n`)
  } catch (error) {
    throw 'code' in (error as object) ? cannotWrite(error, file, '--dev-vars') : error
  }
}

const keygen = async (options: KeygenOptions): Promise<void> => {
  const { algorithm, out, devVars, rotate: file } = options
  if (file !== undefined) {
    if (out !== undefined || devVars !== undefined) {
      throw usageError('--rotate changes a file in place: leave out --out and --dev-vars')
    }
    const { rotate } = await import('./rotate.ts')
    await rotate({ ...options, rotate: file })
  } else {
    if (options.step !== undefined || options.early) {
      throw usageError('--step and --early belong to --rotate')
    }
    const { generateSigningKeys } = await import('../../token/generate.ts')
    const json = JSON.stringify(await generateSigningKeys(algorithm ?? 'ES256'))
    if (out !== undefined) writeOut(out, json)
    if (devVars !== undefined) addToDevVars(devVars, json)
    if (out === undefined && devVars === undefined) printPrivateKey(json)
  }
  if (algorithm === 'EdDSA') say('note that Kubernetes refuses tokens signed with EdDSA')
}

const MORE = `The keys are a secret: anyone who has them can make tokens. Write them with --out, or pipe them into
a store of secrets. A warning follows if standard output is a terminal, or a file that others can read.

--rotate FILE takes one step of a rotation, the next one, and says which and what to do then:
  stage    puts a new key behind the one that signs; all instances must publish it first
  promote  puts it in front, so that it signs, once it was there for 10 minutes
  remove   takes the old key out, once it has not signed for 70 minutes
A step is refused, and nothing is changed, if it is too early or is not the one that --step names.
FILE is replaced in one go and keeps its owner and mode.`

/** Adds the subcommand. */
export const addKeygen = (program: Command): void => {
  const command = program
    .command('keygen')
    .description('Make or rotate the signing keys of a service, a private JWKS.')
    .addOption(
      new Option(
        '--algorithm <alg>',
        'of the tokens (default: ES256; with --rotate, that of the key that signs)',
      ).choices(['ES256', 'RS256', 'EdDSA']),
    )
    .option('--out <file>', 'write to a new file that only you can read, not to standard output')
    .option('--dev-vars <file>', `add ${VARIABLE} to a file such as .dev.vars, for development`)
    .option('--rotate <file>', 'take the next step of a rotation in this file')
    .addOption(new Option('--step <name>', 'refuse any other step').choices(ROTATION_STEPS))
    .option('--early', 'take the step before its time')
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
