// The program `rollcall`, or one subcommand as a program of its own, and how it runs.

import { Command } from 'commander'
import { reportFailure } from './command-error.ts'
import { EXIT } from './exit-status.ts'
import { redact } from './say.ts'
import { readOptionVariables } from './option-variable.ts'
import { type Ending, type Surroundings, startRun, thisRun } from './run.ts'

/** A program whose subcommands are ours. No message shows a secret that was typed. */
export const createProgram = (name: string): Command =>
  new Command(name)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void thisRun().stdout.write(text),
      writeErr: (text) => void thisRun().stderr.write(text),
      outputError: (text, write) => write(redact(text)),
      getOutHelpWidth: () => thisRun().stdout.columns ?? 80,
      getErrHelpWidth: () => thisRun().stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .hook('preAction', (_, command) => readOptionVariables(command, thisRun().env))

/**
 * Runs a program.
 * @param args without the name of the program
 * @returns the exit status; failures were told on standard error
 */
export const runProgram = (
  program: Command,
  args: readonly string[],
  surroundings: Surroundings,
): Promise<Ending> =>
  startRun(surroundings, async () => {
    const run = thisRun()
    // The reader of our output has gone away: there is nobody left to write for.
    run.stdout.once('error', () => run.end(EXIT.failed))
    try {
      await program.parseAsync(args, { from: 'user' })
      return undefined
    } catch (error) {
      return reportFailure(error)
    }
  })
