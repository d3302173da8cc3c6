// `rollcall metadata`: shows to people what the metadata service says about this instance.

import type { Command } from 'commander'
import { type MetadataOptions, addMetadataOptions, metadataClientOf } from '../metadata-options.ts'
import { print, printJson } from '../output.ts'
import { addDump } from './dump.ts'
import { addGet } from './get.ts'
import { addList } from './list.ts'
import { addMetadataHelp } from './paths.ts'

interface VersionsOptions extends MetadataOptions {
  readonly json?: true
}

const showVersions = async (options: VersionsOptions): Promise<void> => {
  const versions = await metadataClientOf(options).versions()
  if (options.json) printJson(versions)
  else print(...versions)
}

const addVersions = (metadata: Command): void => {
  const command = metadata
    .command('versions')
    .description('List the versions of the interface, one on each line.')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(showVersions)
  addMetadataOptions(command)
  addMetadataHelp(command, ['rollcall metadata versions'])
}

/** Adds the subcommand. */
export const addMetadata = (program: Command): void => {
  const metadata = program
    .command('metadata')
    .description('Show what the metadata service says about this instance.')
  addMetadataHelp(metadata, [
    'rollcall metadata get hostname',
    'rollcall metadata list meta-data',
    'rollcall metadata dump',
  ])
  addGet(metadata)
  addList(metadata)
  addDump(metadata)
  addVersions(metadata)
}
