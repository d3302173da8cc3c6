// What people read when a call of a service has failed and is made again.

import type { Retry } from '../client/index.ts'
import { say } from './say.ts'

/** Reports each call that failed and will be retried, on standard error. */
export const sayRetry =
  (issuer: string) =>
  ({ detail, waitSeconds }: Retry): void =>
    say(
      waitSeconds === 0 ? detail : `${issuer}: ${detail}; retrying in ${waitSeconds.toFixed(1)} s`,
    )
