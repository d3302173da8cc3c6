// `rollcall completion`: a script with which a shell completes the command; and `rollcall
// complete`, which it asks.

import { Argument, type Command } from 'commander'
import { addMoreHelp } from '../help.ts'
import { print, printJson } from '../output.ts'
import { candidatesOf } from './candidates.ts'
import { SCRIPTS, type Shell } from './scripts.ts'

const MORE = `The script asks the installed command what can be typed, so it stays right after an update.`

const addComplete = (program: Command): void => {
  program
    .command('complete', { hidden: true })
    .description('Print the words that can come next, for a completion script.')
    .argument('[words...]', 'the words after the name of the command, after --')
    .action((words: readonly string[]) => {
      const { words: candidates, files } = candidatesOf(program, words)
      print(...candidates.map(({ word, description }) => `${word}\t${description}`))
      if (files) print(':files')
    })
}

/** Adds the subcommands. */
export const addCompletion = (program: Command): void => {
  addComplete(program)
  const command = program
    .command('completion')
    .description('Print a script that makes your shell complete this command.')
    .addArgument(new Argument('<shell>', 'your shell').choices(Object.keys(SCRIPTS)))
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action((shell: Shell, { json }: { readonly json?: true }) => {
      if (json) printJson({ shell, script: SCRIPTS[shell] })
      else print(SCRIPTS[shell].trimEnd())
    })
  addMoreHelp(command, {
    examples: [
      'eval "$(rollcall completion bash)"',
      'eval "$(rollcall completion zsh)"',
      'rollcall completion fish | source',
    ],
    more: MORE,
    exits: '0 printed, 2 usage',
  })
}
