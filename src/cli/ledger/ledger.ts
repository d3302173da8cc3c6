// `rollcall ledger`: manages the ledger of a service. `renew-epoch` starts a new epoch after a
// restore, or moves the ledger to another issuer.

import type { Command } from 'commander'
import { fromUtf8 } from '../../base/bytes.ts'
import { ConfigurationError, LedgerUnavailableError, LedgerUnfitError } from '../../base/errors.ts'
import { type LedgerConfig, ledgerReader } from '../../ledger/configured.ts'
import { rfc3339 } from '../../ledger/epoch.ts'
import { openStore } from '../../ledger/open.ts'
import { type Renewal, renewEpoch } from '../../ledger/renew-epoch.ts'
import { CommandError, usageError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { say } from '../say.ts'
import { addMoreHelp } from '../help.ts'
import { readNamedBytes } from '../named-file.ts'
import { thisRun } from '../run.ts'
import { print, printJson } from '../output.ts'
import { checkServiceAddress } from '../service-address.ts'

const BOM = '\uFEFF'

/**
 * Reads a variable as the service does, also as NAME_FILE.
 * @returns its text, without surrounding white space
 * @throws CommandError if it is not set, set twice, or its file can't be read. The message never
 * shows the value
 */
const readVariable = async (name: string): Promise<string> => {
  const { env } = thisRun()
  const [value, path] = [env[name], env[`${name}_FILE`]]
  if (value !== undefined && path !== undefined) {
    throw usageError(`${name} is set together with ${name}_FILE; keep one of them`)
  }
  if (value === undefined && path === undefined) {
    throw usageError(`${name} is not set; set it to the value that the service has`)
  }
  const text = value ?? fromUtf8(await readNamedBytes(String(path), `${name}_FILE`))
  if (text === undefined) throw usageError(`${name}_FILE: the file is not UTF-8 text`)
  if (text.startsWith(BOM)) {
    throw usageError(`${name} begins with a byte order mark (BOM); save it as UTF-8 without BOM`)
  }
  const trimmed = text.trim()
  if (trimmed === '') throw usageError(`${name} is empty; set it to the value that the service has`)
  return trimmed
}

interface Options {
  readonly issuer?: string
  readonly json?: true
}

const readLedger = ledgerReader(['sqlite', 'redis', 'deno-kv'])

const readConfig = async (): Promise<LedgerConfig> => {
  const text = await readVariable('ROLLCALL_LEDGER')
  try {
    return readLedger(text)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw usageError(`ROLLCALL_LEDGER: ${error.problems.join('; ')}`)
  }
}

const renew = async (config: LedgerConfig, issuer: string, newIssuer: string): Promise<Renewal> => {
  const store = await openStore(config, say)
  try {
    return await renewEpoch(store, { issuer, newIssuer, now: Math.floor(Date.now() / 1000) })
  } catch (error) {
    if (!(error instanceof LedgerUnavailableError)) throw error
    const status = error instanceof LedgerUnfitError ? EXIT.usage : EXIT.unavailable
    throw new CommandError(status, `ROLLCALL_LEDGER: ${error.message}`)
  } finally {
    await store.close?.()
  }
}

const run = async ({ issuer: typed, json }: Options): Promise<void> => {
  const issuer = checkServiceAddress(await readVariable('ROLLCALL_ISSUER'), 'ROLLCALL_ISSUER')
  const newIssuer = typed === undefined ? issuer : checkServiceAddress(typed, '--issuer')
  const { before, after } = await renew(await readConfig(), issuer, newIssuer)
  const time = rfc3339(after.time)
  if (json) {
    const previous = before && { time: rfc3339(before.time), issuer: before.issuer }
    printJson({ epoch: time, issuer: after.issuer, previous })
    return
  }
  print(
    before === undefined
      ? `The ledger had no epoch. It now begins at ${time} and belongs to ${after.issuer}.`
      : `The ledger now begins at ${time} (it began at ${rfc3339(before.time)}).`,
  )
  if (before !== undefined && before.issuer !== after.issuer) {
    print(`It belonged to ${before.issuer} and now belongs to ${after.issuer}.`)
  }
  print(
    `Challenges and operators' tokens made before ${time} are refused.`,
    'Running services notice within 5 seconds. The contents of the ledger are unchanged.',
  )
}

const MORE = `Run it in every restore, after the store is back and before services use it. Otherwise challenges that
were spent after the backup could be spent again. Bans and instances stay as they are.

It reads ROLLCALL_LEDGER (sqlite:, redis:, rediss: or deno-kv:) and ROLLCALL_ISSUER, as the service has
them; each also as NAME_FILE. With --issuer the ledger of ROLLCALL_ISSUER moves to another service name;
services under the old name then answer 503.`

/** Adds the subcommand. */
export const addLedger = (program: Command): void => {
  const ledger = program.command('ledger').description('Manage the ledger of a service.')
  const command = ledger
    .command('renew-epoch')
    .description('Start a new epoch after a restore: challenges made before it are refused.')
    .option('--issuer <url>', 'move the ledger to a service of this name, https://HOST')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(run)
  addMoreHelp(command, {
    examples: [
      'export ROLLCALL_ISSUER=https://rollcall.example ROLLCALL_LEDGER_FILE=secrets/ledger-url',
      'rollcall ledger renew-epoch',
      'rollcall ledger renew-epoch --issuer https://enroll.example',
    ],
    more: MORE,
    exits: '0 done, 2 usage, or the ledger belongs to another issuer, 5 the ledger is unreachable',
  })
}
