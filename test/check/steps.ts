// One step of the check: a command with a limit.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ROOT } from '../support/sources.ts'

/** What came of a step. */
export interface StepResult {
  readonly ok: boolean
  readonly stdout: string
}

/** A step of the check. */
export interface Step {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly limitSeconds: number
}

/** Runs a step; its whole process group ends with it. @param live whether standard output is shown as it comes */
export const runStep = async (
  { command, args, limitSeconds }: Step,
  { live }: { readonly live: boolean },
): Promise<StepResult> => {
  const child = spawn(command, args, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    if (live) process.stdout.write(text)
  })
  const endGroup = (): void => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
  const timer = setTimeout(endGroup, limitSeconds * 1000)
  const [status] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  endGroup()
  if (status === null) process.stdout.write(`stopped after ${limitSeconds} s or by a signal\n`)
  return { ok: status === 0, stdout }
}
