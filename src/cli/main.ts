// Runs a program in this process. The one file of the command that touches the process.

import type { Command } from 'commander'
import process from 'node:process'
import { SYSTEM_TIMING } from '../base/timing.ts'
import { EXIT } from './exit-status.ts'
import { runProgram } from './program.ts'

/**
 * Runs a program with the arguments of this process, and sets the exit status.
 * @param before arguments in front of them, such as the subcommand that an npm script stands for
 */
export const main = async (program: Command, ...before: readonly string[]): Promise<void> => {
  const args = [...before, ...process.argv.slice(2)]
  // If nothing is left to wait for and the work is not done, that must not look like success.
  const broken = (): void => void (process.exitCode ??= EXIT.brokeOff)
  process.once('exit', broken)
  const { status, cut } = await runProgram(program, args, {
    stdin: () => process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    signals: process,
    timing: SYSTEM_TIMING,
  })
  process.off('exit', broken)
  process.exitCode = status
  if (cut) process.exit()
}
