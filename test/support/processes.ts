// Processes that tests and the demo start: each in a group of its own, so that stopping it leaves
// nothing behind, with a limit on every wait and an environment without the caller's settings.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

const STOP_SECONDS = 5
/** The longest pause between two looks; the first ones are shorter. */
const POLL_MS = 50

/** A running process. */
export interface RunningProcess {
  /** Everything that it has written so far. */
  readonly output: { stdout: string; stderr: string }
  readonly child: ChildProcess
  /** Ends the whole group, by SIGTERM and after five seconds by SIGKILL. @returns the exit status */
  stop(): Promise<number | null>
}

/** The caller's environment without what is meant for rollcall or for wrangler. */
export const cleanEnvironment = (more: Record<string, string> = {}): Record<string, string> => {
  const mine = Object.entries(process.env).filter(
    ([name]) => !/^(?:ROLLCALL_|CLOUDFLARE_|WRANGLER_|NODE_OPTIONS|VITEST|HOST$|PORT$)/.test(name),
  )
  return { ...(Object.fromEntries(mine) as Record<string, string>), ...more }
}

/** Starts a process. */
export const startProcess = (
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): RunningProcess => {
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: cleanEnvironment(env),
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const ended = once(child, 'close').catch(() => undefined)

  /** @returns whether any process of the group is left */
  const signalGroup = (signal: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(-(child.pid as number), signal)
    } catch {
      return false
    }
  }
  return {
    output,
    child,
    async stop() {
      signalGroup('SIGTERM')
      const killer = setTimeout(() => signalGroup('SIGKILL'), STOP_SECONDS * 1000)
      await ended
      const gone = (): boolean => !signalGroup(0)
      await waitUntil(gone, { seconds: 2 * STOP_SECONDS, what: `the end of ${command}` })
      clearTimeout(killer)
      return child.exitCode
    },
  }
}

/** Waits until a condition holds. @throws Error after `seconds`, or once `while` is false */
export const waitUntil = async (
  condition: () => boolean | Promise<boolean>,
  { seconds, what, alive = () => true }: { seconds: number; what: string; alive?: () => boolean },
): Promise<void> => {
  const end = Date.now() + seconds * 1000
  let pauseMs = 1
  while (!(await condition())) {
    if (!alive()) throw new Error(`${what}: the process ended`)
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    pauseMs = Math.min(2 * pauseMs, POLL_MS)
  }
}
