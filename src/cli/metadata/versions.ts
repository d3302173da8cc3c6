// `rollcall metadata versions`: which versions of its interface the service has.

import type { Command } from 'commander'
import { type MetadataOptions, addMetadataOptions, metadataClientOf } from '../metadata-options.ts'
import { print, printJson } from '../output.ts'
import { metadataFailure } from './failure.ts'
import { addMetadataHelp } from './help.ts'

interface VersionsOptions extends MetadataOptions {
  readonly json?: true
}

const showVersions = async (options: VersionsOptions): Promise<void> => {
  const versions = await metadataClientOf(options)
    .versions()
    .catch((error: unknown) => {
      throw metadataFailure(error)
    })
  if (options.json) printJson(versions)
  else print(...versions)
}

/** Adds the subcommand. */
export const addVersions = (metadata: Command): void => {
  const command = metadata
    .command('versions')
    .description('List the versions of the interface, one on each line.')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(showVersions)
  addMetadataOptions(command)
  addMetadataHelp(command, ['rollcall metadata versions'])
}
