// `rollcall metadata list`: lists a folder.

import type { Command } from 'commander'
import { itemAt } from '../../metadata/index.ts'
import { type MetadataOptions, addMetadataOptions, metadataClientOf } from '../metadata-options.ts'
import { printJson, printTable } from '../output.ts'
import { addMetadataHelp, typedPath } from './paths.ts'

interface ListOptions extends MetadataOptions {
  readonly json?: true
}

const list = async (typed = '', options: ListOptions): Promise<void> => {
  const client = metadataClientOf(options)
  const entries = await client.list(typedPath(typed))
  const rows = entries.map(({ name, path, isFolder, isSecret, problem }) => ({
    name: isFolder ? `${name}/` : name,
    path,
    what:
      problem ?? (isSecret ? 'credentials' : (itemAt(path)?.what ?? (isFolder ? 'folder' : '-'))),
  }))
  if (options.json) printJson(rows)
  else
    printTable(
      ['NAME', 'WHAT IT IS'],
      rows.map(({ name, what }) => [name, what]),
    )
}

/** Adds the subcommand. */
export const addList = (metadata: Command): void => {
  const command = metadata
    .command('list')
    .description('List a folder, with what each item is.')
    .argument('[PATH]', 'such as meta-data/network/interfaces (default: the top)')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(list)
  addMetadataOptions(command)
  addMetadataHelp(command, [
    'rollcall metadata list',
    'rollcall metadata list meta-data/network/interfaces/macs',
  ])
}
