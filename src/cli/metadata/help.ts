// The help that all subcommands of `rollcall metadata` share.

import type { Command } from 'commander'
import { addMoreHelp } from '../help.ts'

/** Adds examples and exit statuses. */
export const addMetadataHelp = (command: Command, examples: readonly string[]): Command =>
  addMoreHelp(command, {
    examples,
    more: 'Outside of ECS nothing answers at that address: it gives up after some seconds.',
    exits: `
Exit status: 0 done, 2 usage, 3 the metadata service does not answer, or has no such item (it says
what the item needs).`,
  })
