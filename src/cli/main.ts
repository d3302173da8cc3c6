// Runs a program in this process. No other file of the command uses the process.

import type { Command } from 'commander'
import process from 'node:process'
import { SYSTEM_TIMING } from '../base/timing.ts'
import { EXIT } from './exit-status.ts'
import { runProgram } from './program.ts'
import { createWholeOutput } from './whole-output.ts'

/**
 * Runs a program with the arguments of this process, and sets the exit status.
 * @param before arguments before them, such as the subcommand of an npm script
 */
export const main = async (program: Command, ...before: readonly string[]): Promise<void> => {
  const args = [...before, ...process.argv.slice(2)]
  // If the event loop becomes empty before the work is done, the exit status must not be 0.
  const broken = (): void => void (process.exitCode ??= EXIT.brokeOff)
  process.once('exit', broken)
  const stdout = createWholeOutput(process.stdout)
  const { status, cut } = await runProgram(program, args, {
    stdin: () => process.stdin,
    stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    signals: process,
    timing: SYSTEM_TIMING,
  })
  const problem = await stdout.flush()
  process.off('exit', broken)
  process.exitCode = status
  // A reader that has closed its pipe, as `head` does, has what it wanted.
  if (problem !== undefined && problem !== 'EPIPE') {
    process.stderr.write(`rollcall: cannot write standard output (${problem}); it is incomplete\n`)
    if (status === EXIT.done) process.exitCode = EXIT.brokeOff
  }
  if (cut) process.exit()
}
