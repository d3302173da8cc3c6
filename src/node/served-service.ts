// What a server serves.

import type { Config } from '../config.ts'
import type { Service } from '../service.ts'

/** A service, and where it listens. */
export interface ServedService extends Service {
  readonly config: Pick<Config, 'host' | 'port' | 'issuer'>
  /** Fulfilled once audit events can't be written: then the service stops with status 3. */
  readonly failed: Promise<void>
}
