// kubectl as a process, with a folder of its own for its kubeconfig and its caches.

import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Run } from '../command.ts'
import { runProgram } from '../run-program.ts'

/** Runs kubectl with a kubeconfig. Rejected only if it can't be started. */
export type Kubectl = (args: readonly string[], env?: Record<string, string>) => Promise<Run>

/**
 * Prepares kubectl for a kubeconfig.
 * @param path of the program
 * @param folder for its files
 * @param kubeconfig the text of the file
 */
export const kubectlWith = (path: string, folder: string, kubeconfig: string): Kubectl => {
  const file = join(folder, `kubeconfig-${randomUUID()}`)
  writeFileSync(file, kubeconfig, { mode: 0o600 })
  return (args, env = {}) =>
    runProgram([path, '--cache-dir', join(folder, 'kubectl-cache'), ...args], {
      KUBECONFIG: file,
      HOME: folder,
      ...env,
    })
}
