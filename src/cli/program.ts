// The program `rollcall`, or one subcommand as a program of its own, and how it runs.

import { Command } from 'commander'
import { reportFailure } from './command-error.ts'
import { EXIT } from './exit-status.ts'
import { say } from './say.ts'
import { readOptionVariables } from './option-variable.ts'
import { DEFAULT_COLUMNS, type Ending, type Surroundings, startRun, thisRun } from './run.ts'

/** The words with which a user calls a subcommand, such as `rollcall admin ban`. */
export const callOf = (command: Command): string =>
  command.parent === null ? command.name() : `${callOf(command.parent)} ${command.name()}`

/** Rewrites a message of Commander: our prefix, and the suggestion on the same line. */
const sayError = (text: string): void =>
  say(
    text
      .trimEnd()
      .replace(/^error: /, '')
      .replace('\n(', ' ('),
  )

/** Shows the usage of the subcommand after each error of the command line. */
const showUsage = (command: Command): void => {
  const usage = command.createHelp().commandUsage(command)
  command.showHelpAfterError(`Usage: ${usage}\nHelp:  ${callOf(command)} --help`)
  for (const subcommand of command.commands) showUsage(subcommand)
}

/** A program with our subcommands. No message shows a secret that the user typed. */
export const createProgram = (name: string): Command =>
  new Command(name)
    .exitOverride()
    .configureHelp({
      subcommandTerm: (command) => command.name(),
      // For descriptions of long options in a narrow terminal.
      minWidthToWrap: 20,
    })
    .configureOutput({
      writeOut: (text) => void thisRun().stdout.write(text),
      writeErr: (text) => void thisRun().stderr.write(text),
      outputError: sayError,
      getOutHelpWidth: () => thisRun().stdout.columns ?? DEFAULT_COLUMNS,
      getErrHelpWidth: () => thisRun().stderr.columns ?? DEFAULT_COLUMNS,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .hook('preAction', (_, command) => readOptionVariables(command, thisRun().env))

/**
 * Runs a program.
 * @param args without the name of the program
 * @returns the exit status; failures were printed to standard error
 */
export const runProgram = (
  program: Command,
  args: readonly string[],
  surroundings: Surroundings,
): Promise<Ending> =>
  startRun(surroundings, async () => {
    const run = thisRun()
    showUsage(program)
    // The reader of our output has closed it, so the run ends.
    run.stdout.once('error', () => run.end(EXIT.brokeOff))
    try {
      await program.parseAsync(args, { from: 'user' })
      return undefined
    } catch (error) {
      return reportFailure(error)
    }
  })
