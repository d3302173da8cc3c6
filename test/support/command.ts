// The command `rollcall`, run within the test's own process: real code from the arguments to the exit
// status, with input, output, environment and signals of its own. Runs may overlap.

import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { Readable } from 'node:stream'
import { expect } from 'vitest'
import { SYSTEM_TIMING, type Timing } from '../../src/base/timing.ts'
import { createRollcall } from '../../src/cli/commands.ts'
import { runProgram } from '../../src/cli/program.ts'

/** How a run ended. */
export interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a run has written so far. */
export interface RunOutput {
  readonly stdout: string
  readonly stderr: string
}

/** What a run gets beside its arguments. */
export interface RunOptions {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  /** Default: the platform's. */
  readonly timing?: Timing
  /** Whether standard output is a terminal. Default: false. */
  readonly isTerminal?: true
  /** Is called after each output, and may send a signal. */
  readonly watch?: (output: RunOutput, kill: (signal: NodeJS.Signals) => void) => void
}

/** The command, and a folder for files, where it runs. */
export interface RollcallCommand<Options = RunOptions> {
  readonly folder: string
  run(args: readonly string[], options?: Options): Promise<Run>
  remove(): void
}

/** Fails if an output holds a secret. */
export const expectNoSecret = ({ stdout, stderr }: Run, secrets: readonly string[]): void => {
  for (const secret of secrets) {
    // A shorter one could be there by chance.
    if (secret.length <= 20) throw new Error('not long enough for a secret')
    expect(stdout + stderr).not.toContain(secret)
  }
}

const createOutput = (written: () => void) => {
  const decoder = new TextDecoder()
  const output = { text: '' }
  return {
    output,
    stream: {
      write(data: string | Uint8Array) {
        output.text += typeof data === 'string' ? data : decoder.decode(data, { stream: true })
        written()
      },
      once: () => undefined,
    },
  }
}

/**
 * Gives a command with a folder of its own.
 * @param secrets what no run may ever print; asked after each
 * @param defaults options of every run
 */
export const createCommand = (
  secrets: () => readonly string[] = () => [],
  defaults: Pick<RunOptions, 'timing'> = {},
): RollcallCommand => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-command-'))
  return {
    folder,
    async run(args, options = {}) {
      const { stdin = '', env = {}, timing = SYSTEM_TIMING, watch } = { ...defaults, ...options }
      const signals = new EventEmitter()
      const written = (): void =>
        watch?.({ stdout: stdout.output.text, stderr: stderr.output.text }, (signal) => {
          signals.emit(signal)
        })
      const stdout = createOutput(written)
      const stderr = createOutput(written)
      const { status } = await runProgram(createRollcall(), args, {
        stdin: () => Readable.from([Buffer.from(stdin)], { objectMode: false }),
        stdout: { ...stdout.stream, isTTY: options.isTerminal === true },
        stderr: stderr.stream,
        // No variable of the tests' own process but the one that finds programs.
        env: { PATH: process.env['PATH'], ...env },
        cwd: folder,
        signals,
        timing,
      })
      const run = { status, stdout: stdout.output.text, stderr: stderr.output.text }
      expectNoSecret(run, secrets())
      return run
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/** The lines of an output of JSON lines, parsed. */
export const jsonLines = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
