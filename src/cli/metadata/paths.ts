// What the subcommands of `rollcall metadata` share: paths as people type them, and the end of the
// help texts.

import type { Command } from 'commander'
import { readPath } from '../../metadata/path.ts'
import { usageError } from '../command-error.ts'
import { addMoreHelp } from '../help.ts'

/** The folders and items at the top of a version. */
const TOP: ReadonlySet<string> = new Set([
  'meta-data',
  'dynamic',
  'user-data',
  'vendor-data',
  'maintenance',
])

/**
 * The path below the version. `/latest/meta-data/hostname`, `meta-data/hostname` and `hostname` are
 * the same. Whether the path exists is not checked.
 * @throws CommandError for anything but a plain path
 */
export const typedPath = (text: string): string => {
  const [, audience] = /\?audience=(.*)$/s.exec(text) ?? []
  if (audience !== undefined) throw usageError('write --audience TEXT, not ?audience= in the path')
  try {
    const path = readPath(text)
    const [first = ''] = path.split('/')
    return path === '' || TOP.has(first) ? path : `meta-data/${path}`
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw usageError(error.message)
  }
}

/** Adds examples and exit statuses. */
export const addMetadataHelp = (command: Command, examples: readonly string[]): Command =>
  addMoreHelp(command, {
    examples,
    more: `If nothing answers, as outside of ECS, the command gives up within seconds. If the service answers
429 or 5xx, or the network is unreachable, it tries ten times.

The key of a tag may hold spaces and slashes: quote it, as in 'tags/instance/Patch Group'.`,
    exits:
      '0 done, 2 usage, 3 the metadata service does not answer, or has no such item (it says what the item needs)',
  })
