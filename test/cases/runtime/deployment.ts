// A runtime that users deploy on, as the suite sees it.

import type { TestContext } from 'vitest'
import type { RunningService, ServiceVariables } from '../../support/start-service.ts'

/** A deployment of the service: one place, one port, one store. */
export interface Deployment {
  /** Where it serves. */
  readonly url: string
  /** Starts it, or starts it again on what it has stored. */
  start(): Promise<RunningService>
  /** Makes the store unable to answer, or to write. */
  breakStore(): Promise<void>
  /** Whether a store that was broken can still be read: a file is locked for writing only. */
  readonly readsWhileBroken: boolean
  mendStore(): Promise<void>
  /** Removes everything. */
  close(): Promise<void>
}

/**
 * Makes a deployment.
 * @param context skips where the machine lacks what it takes
 * @param variables all but the issuer, which is the deployment's URL, and the ledger
 */
export type Deploy = (
  context: Pick<TestContext, 'skip'>,
  variables: ServiceVariables,
) => Promise<Deployment>
