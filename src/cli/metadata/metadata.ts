// `rollcall metadata`: what the metadata service knows of this instance, for people.

import type { Command } from 'commander'
import { addDump } from './dump.ts'
import { addGet } from './get.ts'
import { addMetadataHelp } from './help.ts'
import { addList } from './list.ts'
import { addVersions } from './versions.ts'

/** Adds the subcommand. */
export const addMetadata = (program: Command): void => {
  const metadata = program
    .command('metadata')
    .description('Look at what the metadata service says of this instance.')
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
