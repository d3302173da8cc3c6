// Questions to a cluster by the administrator's own kubectl, which knows the address and the credentials. It only
// reads.

import { execFile } from 'node:child_process'
import { type Result, accept, refuse } from '../../base/result.ts'
import { printable } from '../../base/text.ts'
import { CommandError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { thisRun } from '../run.ts'

/** Which kubectl, and which cluster. */
export interface KubectlOptions {
  /** Its path or name. */
  readonly kubectl: string
  /** The context of the kubeconfig. Absent: the current one. */
  readonly context?: string
}

const TIMEOUT_MS = 60_000
/** Lists of a large cluster have some megabytes. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

interface Outcome {
  readonly error: (Error & { readonly code?: string | number | null }) | null
  readonly stdout: string
  readonly stderr: string
}

const run = (kubectl: string, args: readonly string[]): Promise<Outcome> => {
  const { env, cwd, signal } = thisRun()
  const options = { env, cwd, signal, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES }
  return new Promise((resolve) => {
    const child = execFile(kubectl, args, options, (error, stdout, stderr) =>
      resolve({ error, stdout, stderr }),
    )
    // A plug-in for credentials must not wait for somebody who types.
    child.stdin?.end()
  })
}

const failed = (detail: string): CommandError =>
  new CommandError(EXIT.unavailable, `kubectl: ${detail}`)

/** The last line says why; those before it are warnings. */
const reasonOf = (stderr: string): string => printable(stderr.trim().split('\n').at(-1) ?? '')

/**
 * Asks once.
 * @param args such as `get`, `pods`
 * @returns parsed JSON, or a refusal if this user may not see it
 * @throws CommandError with status 5 if kubectl cannot be run, reaches no server or prints something else
 */
export const askKubectl = async (
  { kubectl, context }: KubectlOptions,
  ...args: readonly string[]
): Promise<Result<unknown, 'forbidden'>> => {
  const options = [
    '--request-timeout=30s',
    ...(context === undefined ? [] : [`--context=${context}`]),
  ]
  const { error, stdout, stderr } = await run(kubectl, [...args, ...options])
  if (error !== null) {
    if (error.code === 'ENOENT' || error.code === 'EACCES') {
      throw failed(`cannot run ${printable(kubectl)} (${error.code}); name it by --kubectl PATH`)
    }
    if (/\(Forbidden\)/.test(stderr)) return refuse('forbidden')
    const reason = stderr.trim() === '' ? error.message.split('\n')[0] : reasonOf(stderr)
    throw failed(`${args.join(' ')}: ${reason ?? 'it failed'}`)
  }
  try {
    return accept(JSON.parse(stdout))
  } catch {
    throw failed(`${args.join(' ')}: the output is not JSON`)
  }
}
