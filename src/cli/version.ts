// `rollcall version`, and the version itself: from the package of the command, or from the
// stand-alone bundle, which contains it.

import type { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { addMoreHelp } from './help.ts'
import { print, printJson } from './output.ts'

declare const ROLLCALL_VERSION: string | undefined

/** The version. */
export const commandVersion = (): string => {
  if (typeof ROLLCALL_VERSION === 'string') return ROLLCALL_VERSION
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}

/** Adds the subcommand, and the options that do the same. */
export const addVersion = (program: Command): void => {
  program.version(commandVersion(), '-v, --version', 'show the version')
  const command = program
    .command('version')
    .description('Show the version.')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(({ json }: { readonly json?: true }) => {
      const version = commandVersion()
      if (json) printJson({ version })
      else print(version)
    })
  addMoreHelp(command, {
    examples: ['rollcall version'],
    exits: '0 shown, 2 usage',
  })
}
