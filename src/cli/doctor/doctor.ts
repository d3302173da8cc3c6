// `rollcall doctor`: tries from this machine each thing that an enrollment needs, in order, a line each.

import type { Command } from 'commander'
import {
  CHECK_NAMES,
  type CheckOptions,
  type Diagnosis,
  diagnoseEnrollment,
} from '../../client/index.ts'
import { loadDpopKey } from '../enroll/dpop-key.ts'
import { checkRole } from '../enroll/enroll.ts'
import { EXIT } from '../exit-status.ts'
import { say } from '../say.ts'
import { addMoreHelp } from '../help.ts'
import { type MetadataOptions, addMetadataOptions, metadataClientOf } from '../metadata-options.ts'
import { optionOrVariable } from '../option-variable.ts'
import { print, printJson } from '../output.ts'
import { thisRun } from '../run.ts'
import { checkServiceAddress } from '../service-address.ts'

interface Options extends MetadataOptions {
  readonly role?: string
  readonly resource?: string
  readonly dpopKey?: string
  readonly enroll?: true
  readonly json?: true
}

const NAME_WIDTH = Math.max(...CHECK_NAMES.map(({ length }) => length))
const STATES: Readonly<Record<Diagnosis['state'], string>> = {
  ok: 'ok  ',
  failed: 'FAIL',
  skipped: '-   ',
}

const lineOf = ({ name, state, detail, remedy }: Diagnosis): string => {
  const next = remedy === undefined ? '' : `; next: ${remedy}`
  return `${STATES[state]}  ${name.padEnd(NAME_WIDTH)}  ${detail}${next}`
}

const readOptions = async (url: string, options: Options): Promise<CheckOptions> => {
  const { metadataMode, resource, dpopKey: keyFile } = options
  const issuer = checkServiceAddress(url, 'URL')
  const role = checkRole(options.role)
  // Checks the mode that was typed, too.
  metadataClientOf(options)
  // One attempt: a person waits for the answer, and sees at once what fails now and then.
  const metadata = metadataClientOf({ ...options, metadataMode: 'auto' }, { attempts: 1 })
  const hardened = metadataClientOf({ ...options, metadataMode: 'hardened' }, { attempts: 1 })
  const { signal, timing } = thisRun()
  return {
    issuer,
    role,
    resource,
    dpopKey: keyFile === undefined ? undefined : await loadDpopKey(keyFile, metadata),
    enroll: options.enroll ?? false,
    acceptsNormalMode: metadataMode === 'auto',
    metadata,
    hardened,
    signal,
    timing,
  }
}

const doctor = async (url: string, options: Options): Promise<void> => {
  const tried = await readOptions(url, options)
  const outcomes: Diagnosis[] = []
  for await (const outcome of diagnoseEnrollment(tried)) {
    outcomes.push(outcome)
    if (!options.json) print(lineOf(outcome))
  }
  const failures = outcomes.filter(({ state }) => state === 'failed')
  if (options.json) {
    const checks = outcomes.map(({ name, state, detail, remedy }) => ({
      name,
      state,
      detail,
      remedy,
    }))
    printJson({ url, ok: failures.length === 0, checks })
  }
  if (failures.length === 0) return
  say(`${failures.length} of ${outcomes.length} failed; mend the first one, and run this again`)
  thisRun().exitWith(EXIT.notGood)
}

const MORE = `One line for each thing that an enrollment needs, in order: "ok", "FAIL" with what to do next, or
"-" for what was not tried and why.

The enrollment itself is tried with --enroll only, since it counts as one of this instance: under
"never" it is the only one, under "same_key" it fixes the key (give --dpop-key, the instance's own).
Its token is dropped.`

/** Adds the subcommand. */
export const addDoctor = (program: Command): void => {
  const command = program
    .command('doctor')
    .description('Try from this machine each thing that an enrollment needs.')
    .argument('<URL>', 'the service, https://HOST')
    .addOption(optionOrVariable('--role <name>', 'role to ask for', 'ROLLCALL_ROLE'))
    .addOption(
      optionOrVariable(
        '--resource <uri>',
        'the one audience to ask for, with --enroll',
        'ROLLCALL_RESOURCE',
      ),
    )
    .option('--dpop-key <file>', 'key to bind the token to; made if it is not there')
    .option('--enroll', 'enroll for real; the token is dropped')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(doctor)
  addMetadataOptions(command)
  addMoreHelp(command, {
    examples: [
      'rollcall doctor https://rollcall.example',
      'rollcall doctor https://rollcall.example --role worker --enroll',
      'rollcall doctor https://rollcall.example --json',
    ],
    more: MORE,
    exits: '0 nothing failed, 1 something failed, 2 usage',
  })
}
