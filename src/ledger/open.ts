// Opening a ledger as it is configured. A driver, and the client that it needs, is loaded only when it is used.

import { ConfigurationError, LedgerUnavailableError, LedgerUnfitError } from '../base/errors.ts'
import { type LedgerConfig, parseLedger } from './configured.ts'
import type { OpenLedger, OpenStore } from './store.ts'
import { withEpoch } from './with-epoch.ts'

/** What opening a ledger takes. */
export interface OpenLedgerOptions {
  /** The service's name. The ledger keeps it, and refuses a service of another name. */
  readonly issuer: string
  /** Takes a line for the operator: warnings, and why the store does not answer. */
  readonly report: (line: string) => void
}

/**
 * Opens the store of a ledger, without its epoch: for commands that look after a store. Services use
 * {@link openLedger}.
 * @param report takes the driver's warnings
 */
export const openStore = async (
  config: LedgerConfig,
  report: (line: string) => void,
): Promise<OpenStore> => {
  switch (config.kind) {
    case 'memory':
      return (await import('./memory.ts')).createMemoryLedger()
    case 'sqlite':
      return (await import('./sqlite.ts')).createSqliteLedger(config)
    case 'redis':
      return (await import('./redis/redis.ts')).createRedisLedger({ ...config, report })
    case 'deno-kv':
      if (config.path === undefined) {
        report(
          'warning: deno-kv: without a path is a file in the cache folder of Deno. A replaced container loses it; ' +
            'set ROLLCALL_LEDGER to deno-kv:PATH on a volume',
        )
      }
      return (await import('./deno-kv.ts')).createDenoKvLedger(config)
  }
}

/**
 * Opens a ledger. If the store is unreachable, that is reported and the service starts anyway: calls are
 * refused until the store answers.
 * @param where the ledger, as `parseConfig` reads it or as a text: `memory:`, `sqlite:PATH`, `redis://...`,
 *   `rediss://...`, `deno-kv:` or `deno-kv:PATH`
 * @param options both are required
 * @returns the ledger. A new one begins with the next second (`remembersSince`): the service refuses challenges from
 *   before, so begin to serve then
 * @throws ConfigurationError `configuration_invalid` if the text names no ledger, or if the store cannot keep a ledger or
 *   has the ledger of another issuer
 * @example
 * ```ts
 * import { openLedger } from 'rollcall/service'
 *
 * const issuer = 'https://rollcall.example'
 * const ledger = await openLedger('memory:', { issuer, report: console.error })
 * console.log(await ledger.read('instance:i-1', 0)) // undefined
 * await ledger.close?.()
 * ```
 */
export const openLedger = async (
  where: LedgerConfig | string,
  { issuer, report }: OpenLedgerOptions,
): Promise<OpenLedger> => {
  const config = typeof where === 'string' ? parseLedger(where) : where
  const store = await openStore(config, report)
  const ledger = config.kind === 'memory' ? store : withEpoch(store, { issuer, report })
  try {
    await ledger.read('start:', 0)
  } catch (error) {
    if (error instanceof LedgerUnfitError) {
      await ledger.close?.()
      throw new ConfigurationError([`ROLLCALL_LEDGER: ${error.message}`])
    }
    if (!(error instanceof LedgerUnavailableError)) throw error
    report(`${error.message}; until it answers, nobody can enroll`)
  }
  return ledger
}
