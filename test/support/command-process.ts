// The command `rollcall`, bundled as it is published but for its dependencies, run as a process of its own:
// for signals, pipes, file modes, and what `--exec` starts. Everything else uses command.ts.

import { build } from 'esbuild'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { type RollcallCommand, type RunOutput, expectNoSecret } from './command.ts'
import { cleanEnvironment } from './processes.ts'
import { ROOT } from './sources.ts'

const LIMIT_MS = 40_000

/** What a process gets beside its arguments. */
export interface ProcessOptions {
  readonly stdin?: string
  /** Standard input has no end while the process runs. */
  readonly keepsStdinOpen?: boolean
  readonly env?: Record<string, string>
  /** Is given the process and what it has written so far, while it runs. */
  readonly started?: (child: ChildProcess, output: RunOutput) => void
}

/**
 * Builds the command.
 * @param secrets what no run may ever print; asked after each
 */
export const buildCommand = async (
  secrets: () => readonly string[] = () => [],
): Promise<RollcallCommand<ProcessOptions>> => {
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
    async run(args, { stdin = '', keepsStdinOpen = false, env = {}, started } = {}) {
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
      child.stdin.on('error', () => undefined).write(stdin)
      if (!keepsStdinOpen) child.stdin.end()
      started?.(child, output)
      const [status] = (await once(child, 'close')) as [number | null]
      const run = { status, ...output }
      expectNoSecret(run, secrets())
      return run
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}
