// Forgets many instances, a few at once. Each is one atomic change of its own, so whatever ends this
// leaves nothing half done, and the next run goes on.

import { CommandError } from '../exit-status.ts'
import { CallError } from './call-error.ts'
import type { AdminClient } from './client.ts'

/** What became of an instance; `gone`: somebody else, or an earlier try, was faster. */
export type ForgetOutcome = 'forgotten' | 'gone' | 'failed' | 'not_tried'

/** What came of it all. */
export interface ForgetResult {
  readonly outcomes: ReadonlyMap<string, ForgetOutcome>
  /** Why it stopped before the end; absent if it did not. */
  readonly stopped: CommandError | undefined
  /** Why single ones failed, each once. */
  readonly failures: readonly string[]
}

const AT_ONCE = 8

/** Statuses after which the next call would be answered no better. */
const stops = ({ httpStatus }: CallError): boolean =>
  httpStatus === undefined || [401, 403, 429].includes(httpStatus) || httpStatus >= 502

/**
 * Forgets instances of an account and region.
 * @param signal stops before the next one
 * @param done is told how many are through, after each
 */
export const forgetAll = async (
  client: AdminClient,
  { account, region }: { readonly account: string; readonly region: string },
  instanceIds: readonly string[],
  { signal, done }: { readonly signal: AbortSignal; readonly done: (count: number) => void },
): Promise<ForgetResult> => {
  const outcomes = new Map<string, ForgetOutcome>(instanceIds.map((id) => [id, 'not_tried']))
  const failures = new Set<string>()
  const queue = instanceIds.values()
  let stopped: CommandError | undefined
  let count = 0

  const forget = async (instance: string): Promise<ForgetOutcome> => {
    try {
      await client.call('forget', { params: { account, region, instance } })
      return 'forgotten'
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      if (error.httpStatus === 404) return 'gone'
      if (stops(error)) stopped ??= error
      failures.add(error.message)
      return 'failed'
    }
  }

  const work = async (): Promise<void> => {
    for (const instance of queue) {
      outcomes.set(instance, await forget(instance))
      done(++count)
      if (stopped !== undefined || signal.aborted) return
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return { outcomes, stopped, failures: [...failures] }
}
