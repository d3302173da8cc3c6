// The attempts of a call that is retried: how many are left, and how long to wait between them.

import { type Backoff, backoffSeconds, retryAfterSeconds } from '../base/timing.ts'
import { type Failure, describeFailure, mayPass } from './answer.ts'
import { type Reach, type Retry, readReach } from './call.ts'
import type { ClientError } from './client-error.ts'

/** How a client retries. */
export interface PatienceOptions extends Reach {
  /** How many calls may fail. */
  readonly attempts: number
  /** Receives each call that failed and will be retried. */
  readonly onRetry?: ((retry: Retry) => void) | undefined
  /** The error to end with. */
  readonly errorOf: (failure: Failure) => ClientError
}

/** The attempts that a client has left. */
export interface Patience {
  /** Begins with short waits again. */
  rest(): void
  /**
   * Counts a failed call, and waits before the next one.
   * @throws ClientError after too many, and for a permanent failure
   */
  retry(failure: Failure): Promise<void>
  /**
   * Counts a failed attempt after which the next one begins at once.
   * @throws ClientError after too many
   */
  startOver(detail: string, error: () => ClientError): void
}

const BACKOFF: Backoff = { firstSeconds: 2, maxSeconds: 32 }

/** Begins to count. */
export const createPatience = (options: PatienceOptions): Patience => {
  const { attempts, onRetry = () => undefined, errorOf } = options
  const { timing, signal } = readReach(options)
  let left = attempts
  let failures = 0
  return {
    rest: () => void (failures = 0),
    async retry(failure) {
      if (!mayPass(failure) || --left <= 0) throw errorOf(failure)
      const asked = failure.kind === 'none' ? 0 : retryAfterSeconds(failure.answer.headers)
      const waitSeconds = backoffSeconds(++failures, BACKOFF, timing.random(), asked)
      onRetry({ detail: describeFailure(failure), waitSeconds })
      await timing.wait(waitSeconds, signal)
    },
    startOver(detail, error) {
      if (--left <= 0) throw error()
      onRetry({ detail, waitSeconds: 0 })
    },
  }
}
