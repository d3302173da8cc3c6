// The real webhook client of a Kubernetes API server, built from the source package of Debian (Kubernetes 1.20, the last
// one there). It is the code of `--authentication-token-webhook-config-file`, without the cache around it.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { cleanEnvironment } from '../processes.ts'
import { ROOT } from '../sources.ts'
import { requireKubernetesSource } from './kubernetes-source.ts'

const run = promisify(execFile)

/** What it is asked. */
export interface AskedToken {
  readonly token: string
  /** What the API server answers to. Absent: it does not limit audiences. */
  readonly audiences?: readonly string[]
}

/** Whom the API server takes the caller for. */
export interface Authentication {
  readonly ok: boolean
  /** Why it could not find out. */
  readonly error?: string
  readonly name?: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
  readonly audiences?: readonly string[]
}

/** Asks with a kubeconfig. @param version of TokenReview. Default: `v1` */
export type AskWebhook = (
  kubeconfig: string,
  asked: readonly AskedToken[],
  version?: string,
) => Promise<readonly Authentication[]>

/**
 * Builds the client: a minute the first time, then Go's cache has it. The test is skipped, with a reason, without Go or
 * the source.
 * @param folder where the program is put
 */
export const buildWebhookClient = async (
  context: TestContext,
  folder: string,
): Promise<AskWebhook> => {
  const source = requireKubernetesSource(context, folder)
  const main = join(ROOT, 'test/support/kubernetes/webhook/main.go')
  const program = await source.build('cmd/webhook-client', { 'cmd/webhook-client/main.go': main })
  return async (kubeconfig, asked, version = 'v1') => {
    const running = run(program, [kubeconfig, version], { env: cleanEnvironment() })
    running.child.stdin?.end(asked.map((each) => `${JSON.stringify(each)}\n`).join(''))
    const { stdout } = await running
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Authentication)
  }
}
