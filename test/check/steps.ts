// One step of the check: a command with a limit.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ROOT } from '../support/sources.ts'

/** What came of a step. */
export interface StepResult {
  readonly stdout: string
  /** Why it failed; `undefined` if it did not. */
  readonly failure: string | undefined
}

/** A step of the check. */
export interface Step {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly limitSeconds: number
}

/** How a process ended. */
interface Ending {
  readonly status: number | null
  readonly signal: string | null
  readonly isLate: boolean
  readonly limitSeconds: number
}

const failureOf = ({ status, signal, isLate, limitSeconds }: Ending): string | undefined => {
  if (status === 0) return undefined
  if (isLate) return `it was stopped after ${limitSeconds} s`
  return status === null ? `it was stopped by ${signal}` : `it ended with exit status ${status}`
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
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    endGroup()
  }, limitSeconds * 1000)
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  endGroup()
  return { stdout, failure: failureOf({ status, signal, isLate, limitSeconds }) }
}
