// The command `rollcall`, bundled as it is published but for its dependencies, run as a process.

import { build } from 'esbuild'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { cleanEnvironment } from './processes.ts'
import { ROOT } from './sources.ts'

const LIMIT_MS = 40_000

/** How a run ended. */
export interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a run gets beside its arguments. */
export interface RunOptions {
  readonly stdin?: string
  readonly env?: Record<string, string>
  /** Is given the process and what it has written so far, while it runs. */
  readonly started?: (child: ChildProcess, output: { stdout: string; stderr: string }) => void
}

/** The command, and a folder for files. */
export interface RollcallCommand {
  readonly folder: string
  run(args: readonly string[], options?: RunOptions): Promise<Run>
  remove(): void
}

/**
 * Builds the command.
 * @param secrets what no run may ever print; asked after each
 */
export const buildCommand = async (
  secrets: () => readonly string[] = () => [],
): Promise<RollcallCommand> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-command-'))
  const file = join(folder, 'dist/cli/rollcall.js')
  await build({
    entryPoints: [join(ROOT, 'src/cli/rollcall.ts')],
    outfile: file,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  })
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))

  return {
    folder,
    async run(args, { stdin = '', env = {}, started } = {}) {
      const child = spawn(process.execPath, [file, ...args], {
        cwd: folder,
        env: cleanEnvironment(env),
        timeout: LIMIT_MS,
        killSignal: 'SIGKILL',
      })
      const output = { stdout: '', stderr: '' }
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
      // It may end without having read what it was given.
      child.stdin.on('error', () => undefined).end(stdin)
      started?.(child, output)
      const [status] = (await once(child, 'close')) as [number | null]
      for (const secret of secrets()) {
        expect(secret.length).toBeGreaterThan(20)
        expect(output.stdout + output.stderr).not.toContain(secret)
      }
      return { status, ...output }
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
