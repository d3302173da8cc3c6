// `--exec`: the command that takes a token, from the file that ROLLCALL_TOKEN_FILE of its environment
// names. The token is never an argument, because every process of the machine can see arguments.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { CommandError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import type { Cleanup } from '../cleanup.ts'
import { thisRun } from '../run.ts'

/** How to run it. */
export interface HookOptions {
  readonly tokenFile: string
  /** Ends the command when this run ends. */
  readonly cleanup: Cleanup
  /** Ends the command once it is aborted. Default: never. */
  readonly due?: AbortSignal | undefined
}

/** Ends a process and all that it has started. */
const endGroup = (pid: number | undefined): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGTERM')
  } catch {
    // It has ended already.
  }
}

/**
 * Runs a command line in `sh`, with the output of this run.
 * @throws CommandError unless it ends with 0 before the next token is due
 */
export const runHook = async (
  commandLine: string,
  { tokenFile, cleanup, due }: HookOptions,
): Promise<void> => {
  const { env, cwd } = thisRun()
  const child = spawn('/bin/sh', ['-c', commandLine], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...env, ROLLCALL_TOKEN_FILE: tokenFile },
    cwd,
    // A process group, so that the command and its children can be ended.
    detached: true,
  })
  const end = (): void => endGroup(child.pid)
  const forget = cleanup.add(end)
  let isLate = false
  const stop = (): void => {
    isLate = true
    end()
  }
  if (due?.aborted) stop()
  due?.addEventListener('abort', stop, { once: true })
  try {
    const [status, signal] = (await once(child, 'exit')) as [number | null, string | null]
    if (isLate) {
      throw new CommandError(
        EXIT.brokeOff,
        '--exec: the command was stopped because the next token is due',
      )
    }
    if (status !== 0) {
      const how = status === null ? `by ${signal ?? 'a signal'}` : `with exit status ${status}`
      throw new CommandError(EXIT.brokeOff, `--exec: the command ended ${how}`)
    }
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(EXIT.brokeOff, '--exec: /bin/sh cannot be run')
  } finally {
    due?.removeEventListener('abort', stop)
    forget()
  }
}
