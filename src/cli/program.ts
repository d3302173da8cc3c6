// A command and its end; one subcommand can also be a command of its own, as the npm scripts of a clone
// have it.

import { Command } from 'commander'
import { EXIT, redact, reportFailure } from './exit-status.ts'

/** A command whose subcommands are ours: no message shows a secret that was typed. */
export const createProgram = (name: string): Command =>
  new Command(name)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(redact(text)) })

/** Runs a command and sets the exit status. */
export const runProgram = async (program: Command, args: readonly string[]): Promise<void> => {
  // Whoever read our output has gone, as `head` does: there is nobody left to tell.
  process.stdout.on('error', () => process.exit(EXIT.incomplete))
  // Nothing is left to wait for, and yet it was not done: that must not look like success.
  const broken = (): void => void (process.exitCode ??= EXIT.incomplete)
  process.once('exit', broken)
  try {
    await program.parseAsync(args, { from: 'user' })
    process.off('exit', broken)
  } catch (error) {
    process.exitCode = reportFailure(error)
  }
}

/** Runs one subcommand with the arguments of this process. */
export const runAlone = (subcommand: string, add: (program: Command) => void): Promise<void> => {
  const program = createProgram('npm run')
  add(program)
  return runProgram(program, [subcommand, ...process.argv.slice(2)])
}
