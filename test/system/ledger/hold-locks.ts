// Locks of SQLite files, held by a process of its own: no other process can write there.

import { join } from 'node:path'
import { type RunningProcess, startProcess, waitUntil } from '../../support/processes.ts'
import { ROOT } from '../../support/sources.ts'
import { DENO } from '../../support/start-service.ts'

const LIMIT_SECONDS = 20

/** Locks files. @returns once all are locked; its `stop` gives them back */
export const holdLocks = async (paths: readonly string[]): Promise<RunningProcess> => {
  const script = join(ROOT, 'test/system/ledger/lock-holder.ts')
  const args = ['run', '--no-prompt', '--no-lock', '--cached-only', '--allow-read', '--allow-write']
  const holder = startProcess(DENO, [...args, script, ...paths])
  const alive = (): boolean => holder.child.exitCode === null
  const locked = (): boolean => holder.output.stdout !== ''
  try {
    await waitUntil(locked, { seconds: LIMIT_SECONDS, what: 'the locks', alive })
    return holder
  } catch (error) {
    await holder.stop()
    throw error
  }
}
