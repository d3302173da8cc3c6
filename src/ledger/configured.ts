// Which ledger a service uses, as text: `memory:`, `sqlite:PATH`, `redis://...`, `rediss://...`,
// `deno-kv:` or `deno-kv:PATH`. A driver, and the client that it needs, is loaded only when it is used.

import { ConfigurationError, LedgerUnavailableError, LedgerUnfitError } from '../errors.ts'
import type { Ledger } from './ledger.ts'
import { parseRedisUrl } from './redis-url.ts'

/** A ledger as it is configured. */
export type LedgerConfig =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'redis'; readonly url: string }
  | { readonly kind: 'deno-kv'; readonly path?: string }

const FORMS = {
  memory: 'memory: (one process, for trying out)',
  sqlite: 'sqlite:PATH',
  redis: 'redis://HOST:PORT or rediss://HOST:PORT',
  'deno-kv': 'deno-kv: or deno-kv:PATH',
} as const satisfies Record<LedgerConfig['kind'], string>

const refuse = (message: string): never => {
  throw new ConfigurationError([message])
}

const parse = (text: string): LedgerConfig | undefined => {
  const colon = text.indexOf(':')
  const scheme = text.slice(0, Math.max(0, colon))
  const rest = text.slice(colon + 1)
  switch (scheme) {
    case 'memory':
      return rest === '' ? { kind: 'memory' } : refuse('expected memory: with nothing behind it')
    case 'sqlite':
      return rest === '' ? refuse('expected sqlite:PATH') : { kind: 'sqlite', path: rest }
    case 'deno-kv':
      return { kind: 'deno-kv', ...(rest !== '' && { path: rest }) }
    case 'redis':
    case 'rediss':
      try {
        parseRedisUrl(text)
        return { kind: 'redis', url: text }
      } catch (error) {
        return refuse(error instanceof RangeError ? error.message : 'not a URL of a Redis server')
      }
    default:
      return undefined
  }
}

/**
 * Makes the reader of a runtime that has these kinds of ledgers.
 * @returns reads a text; throws ConfigurationError, whose message has no password in it
 */
export const ledgerReader =
  (kinds: readonly LedgerConfig['kind'][]): ((text: string) => LedgerConfig) =>
  (text) => {
    const config = parse(text)
    if (config !== undefined && kinds.includes(config.kind)) return config
    return refuse(`expected ${kinds.map((kind) => FORMS[kind]).join(', ')}`)
  }

/** A ledger that can be given back. */
export type OpenLedger = Ledger & { close?(): void | Promise<void> }

const create = async (config: LedgerConfig): Promise<OpenLedger> => {
  switch (config.kind) {
    case 'memory':
      return (await import('./memory.ts')).createMemoryLedger()
    case 'sqlite':
      return (await import('./sqlite.ts')).createSqliteLedger(config)
    case 'redis':
      return (await import('./redis.ts')).createRedisLedger(config)
    case 'deno-kv':
      return (await import('./deno-kv.ts')).createDenoKvLedger(config)
  }
}

/**
 * Opens a ledger. A store that does not answer yet is no reason not to start: until it does, calls are
 * refused, and served once it is there.
 * @param report takes a line for the operator if the store does not answer yet
 * @throws ConfigurationError if it is no store to keep a ledger in
 */
export const openLedger = async (
  config: LedgerConfig,
  report: (line: string) => void,
): Promise<OpenLedger> => {
  const ledger = await create(config)
  try {
    await ledger.read('start:', 0)
  } catch (error) {
    if (error instanceof LedgerUnfitError) {
      throw new ConfigurationError([`ROLLCALL_LEDGER: ${error.message}`])
    }
    if (!(error instanceof LedgerUnavailableError)) throw error
    report(`${error.message}; until it answers, nobody can enroll`)
  }
  return ledger
}
