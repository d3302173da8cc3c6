// What the subcommands of `rollcall metadata` share: paths as people type them, and the end of their helps.

import type { Command } from 'commander'
import { readPath } from '../../metadata/path.ts'
import { usageError } from '../command-error.ts'
import { addMoreHelp } from '../help.ts'

/** The folders and items at the top of a version. */
const TOP: ReadonlySet<string> = new Set(['meta-data', 'dynamic', 'user-data', 'maintenance'])

/**
 * The path below the version. `/latest/meta-data/hostname`, `meta-data/hostname` and `hostname` are the
 * same; whether there is such a path is not asked.
 * @throws CommandError for anything that is not a plain path
 */
export const typedPath = (text: string): string => {
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
    more: 'Outside of ECS nothing answers at that address: it gives up after some seconds.',
    exits:
      '0 done, 2 usage, 3 the metadata service does not answer, or has no such item (it says what the item needs)',
  })
