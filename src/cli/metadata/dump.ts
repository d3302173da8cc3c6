// `rollcall metadata dump`: a tree of all items with their values. It leaves out values that
// someone could misuse who sees the screen: credentials of a RAM role, and a signature without an
// audience.

import type { Command } from 'commander'
import { ITEMS, type ListEntry, type MetadataClient, MetadataError } from '../../metadata/index.ts'
import { type MetadataOptions, addMetadataOptions, metadataClientOf } from '../metadata-options.ts'
import { print, printJson, printable } from '../output.ts'
import { startProgress } from '../progress.ts'
import { thisRun } from '../run.ts'
import { addMetadataHelp, typedPath } from './paths.ts'
import { shownLines, valueJson } from './show-value.ts'

interface DumpOptions extends MetadataOptions {
  readonly revealCredentials?: true
  readonly json?: true
}

/** An item, with its value or why it was left out. */
interface Dumped {
  readonly path: string
  /** The last part of the path. The key of a tag can contain slashes. */
  readonly name: string
  readonly bytes?: Uint8Array
  readonly leftOut?: string
}

const TOLD_EVERY = 25

const readEntry = async (
  client: MetadataClient,
  { path, name, isSecret, problem }: ListEntry,
  revealCredentials: boolean,
): Promise<Dumped> => {
  if (problem !== undefined) return { path, name, leftOut: problem }
  if (path === ITEMS.identitySignature.path) {
    const leftOut = 'made for an audience when it is asked for: metadata get --audience'
    return { path, name, leftOut }
  }
  if (isSecret && !revealCredentials) {
    return { path, name, leftOut: 'credentials: --reveal-credentials shows them' }
  }
  try {
    return { path, name, bytes: await client.getBytes(path, { revealCredentials }) }
  } catch (error) {
    // The item is listed, but reading it fails. The other items are still shown.
    const isGone = error instanceof MetadataError && error.code === 'not_found'
    if (isGone) return { path, name, leftOut: error.message }
    throw error
  }
}

/** Prints each folder once, and its items below it. */
const printTree = (items: readonly Dumped[]): void => {
  let open: readonly string[] = []
  for (const { path, name, bytes, leftOut = '' } of items) {
    const folders = path.slice(0, -name.length).split('/').slice(0, -1)
    const same = folders.findIndex((folder, depth) => folder !== open[depth])
    for (const [depth, folder] of folders.entries()) {
      if (same >= 0 && depth >= same) print(`${'  '.repeat(depth)}${printable(folder)}/`)
    }
    open = folders
    const margin = '  '.repeat(folders.length)
    const lines = bytes === undefined ? [`(${leftOut})`] : shownLines(bytes)
    // A value of several lines begins below the name, so that its lines are aligned.
    if (lines.length === 1) print(`${margin}${printable(name)}  ${lines.join('')}`.trimEnd())
    else
      print(`${margin}${printable(name)}`, ...lines.map((line) => `${margin}  ${line}`.trimEnd()))
  }
}

const jsonOf = (items: readonly Dumped[]): unknown =>
  items.map(({ path, bytes, leftOut }) =>
    bytes === undefined ? { path, left_out: leftOut } : { path, ...valueJson(bytes) },
  )

const dump = async (typed = '', options: DumpOptions): Promise<void> => {
  const client = metadataClientOf(options)
  const items: Dumped[] = []
  const progress = startProgress()
  const tell = (path: string): void => {
    const isDue = items.length % TOLD_EVERY === 0 && items.length > 0
    if (thisRun().stderr.isTTY || isDue) progress.at(`${items.length} items: ${printable(path)}`)
  }
  try {
    for await (const entry of client.walk(typedPath(typed))) {
      tell(entry.path)
      items.push(await readEntry(client, entry, options.revealCredentials ?? false))
    }
  } catch (error) {
    // Items that were found are printed even if the service fails midway.
    if (!options.json) printTree(items)
    throw error
  } finally {
    progress.end()
  }
  if (options.json) printJson(jsonOf(items))
  else printTree(items)
}

/** Adds the subcommand. */
export const addDump = (metadata: Command): void => {
  const command = metadata
    .command('dump')
    .description('Print a tree of all items with their values.')
    .argument('[PATH]', 'a folder (default: all)')
    .option('--reveal-credentials', 'print credentials of RAM roles too')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(dump)
  addMetadataOptions(command)
  addMetadataHelp(command, [
    'rollcall metadata dump',
    'rollcall metadata dump network/interfaces',
    'rollcall metadata dump --json > metadata.json',
  ])
}
