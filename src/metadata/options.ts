// The options of the client, checked, with their defaults.

import { SYSTEM_TIMING, type Timing } from '../base/timing.ts'
import { type MetadataFetch, directFetch } from './direct-fetch.ts'
import { readBaseUrl } from './path.ts'
import {
  DEFAULT_ATTEMPTS,
  MAX_ATTEMPTS,
  type MetadataAttempts,
  type MetadataRetry,
} from './patience.ts'
import type { MetadataMode } from './session.ts'
import type { TransportOptions } from './transport.ts'

/** How to reach the metadata service. */
export interface MetadataClientOptions {
  /** Default: `http://100.100.100.200`. */
  readonly baseUrl?: string | undefined
  /** Default: `hardened`. */
  readonly mode?: MetadataMode | undefined
  /**
   * How long one attempt may take, above 0 and at most 60. Default: 5. Outside ECS nothing answers
   * at that address, so a call then takes this long, times `attempts`.
   */
  readonly timeoutSeconds?: number | undefined
  /**
   * How often a call is tried, 1 to 100; a number applies to all causes. Default: 10 while the
   * service is not available (429, 5xx, an unreachable network), 3 as long as nothing has ever
   * answered.
   */
  readonly attempts?: number | MetadataAttempts | undefined
  /** Receives each call that failed and will be retried. Default: none. */
  readonly onRetry?: ((retry: MetadataRetry) => void) | undefined
  /** Default: the platform's, without any proxy. */
  readonly fetch?: MetadataFetch | undefined
  /** Aborts all calls, which then reject with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined
  /** Clocks and waits, for tests. Default: the platform's. */
  readonly timing?: Timing | undefined
}

/** The address of the metadata service of ECS. */
export const DEFAULT_BASE_URL = 'http://100.100.100.200'
const DEFAULT_TIMEOUT_SECONDS = 5
const MAX_TIMEOUT_SECONDS = 60

const checkAttempts = (name: string, count: number): void => {
  if (Number.isInteger(count) && count >= 1 && count <= MAX_ATTEMPTS) return
  throw new RangeError(`${name}: expected a whole number from 1 to ${MAX_ATTEMPTS}, got ${count}`)
}

const readAttempts = (attempts: number | MetadataAttempts): MetadataAttempts => {
  if (typeof attempts === 'number') {
    checkAttempts('attempts', attempts)
    return { unavailable: attempts, unanswered: attempts }
  }
  checkAttempts('attempts.unavailable', attempts.unavailable)
  checkAttempts('attempts.unanswered', attempts.unanswered)
  return attempts
}

/** Fills in the defaults. @throws RangeError for an invalid option */
export const readOptions = ({
  baseUrl = DEFAULT_BASE_URL,
  mode = 'hardened',
  timeoutSeconds = DEFAULT_TIMEOUT_SECONDS,
  attempts = DEFAULT_ATTEMPTS,
  fetch = directFetch,
  signal,
  timing = SYSTEM_TIMING,
  onRetry,
}: MetadataClientOptions): TransportOptions & { readonly mode: MetadataMode } => {
  if (mode !== 'hardened' && mode !== 'auto') {
    throw new RangeError(`mode: expected hardened or auto, got ${String(mode)}`)
  }
  if (!(timeoutSeconds > 0 && timeoutSeconds <= MAX_TIMEOUT_SECONDS)) {
    throw new RangeError(
      `timeoutSeconds: expected more than 0 and at most ${MAX_TIMEOUT_SECONDS}, got ${timeoutSeconds}`,
    )
  }
  return {
    baseUrl: readBaseUrl(baseUrl),
    mode,
    timeoutSeconds,
    attempts: readAttempts(attempts),
    fetch,
    signal,
    timing,
    onRetry,
  }
}
