// A program run to its end, with the environment that a test gives it and none of the caller's proxies.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Run } from './command.ts'
import { cleanEnvironment } from './processes.ts'

const LIMIT_MS = 50_000
const PROXIES = /^(?:https?|all|no)_proxy$|^NODE_USE_ENV_PROXY$/i

/** Runs a program, and waits for its end. */
export const runProgram = async (
  [command = '', ...args]: readonly string[],
  env: Record<string, string>,
): Promise<Run> => {
  const own = Object.entries(cleanEnvironment()).filter(([name]) => !PROXIES.test(name))
  const child = spawn(command, args, {
    env: { ...(Object.fromEntries(own) as Record<string, string>), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, ...output }
}
