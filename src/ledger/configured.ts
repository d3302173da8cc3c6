// Which ledger a service uses, as text: `memory:`, `sqlite:PATH`, `redis://...`, `rediss://...`,
// `deno-kv:` or `deno-kv:PATH`. Nothing is opened here.

import { ConfigurationError } from '../base/errors.ts'
import { checkDatabasePath } from './database-path.ts'
import { parseRedisUrl } from './redis/url.ts'

/** A ledger as it is configured. */
export type LedgerConfig = MemoryConfig | SqliteConfig | RedisConfig | DenoKvConfig

/** `memory:`, the ledger of one process, for trials and tests. */
export interface MemoryConfig {
  /** The driver. */
  readonly kind: 'memory'
}

/** `sqlite:PATH`. */
export interface SqliteConfig {
  /** The driver. */
  readonly kind: 'sqlite'
  /** The file; its folder must exist. */
  readonly path: string
}

/** `redis://...` or `rediss://...`. */
export interface RedisConfig {
  /** The driver. */
  readonly kind: 'redis'
  /** The URL, which may hold a password. */
  readonly url: string
}

/** `deno-kv:` or `deno-kv:PATH`. */
export interface DenoKvConfig {
  /** The driver. */
  readonly kind: 'deno-kv'
  /** The file, or the URL. Default: the database that Deno keeps for the program. */
  readonly path?: string
}

const FORMS = {
  memory: 'memory: (one process, for trying out)',
  sqlite: 'sqlite:PATH',
  redis: 'redis://HOST:PORT or rediss://HOST:PORT',
  'deno-kv': 'deno-kv: or deno-kv:PATH',
} as const satisfies Record<LedgerConfig['kind'], string>

const refuse = (message: string): never => {
  throw new ConfigurationError([message])
}

/** Runs a check whose RangeError says what to write instead. */
const checked = <T>(check: () => T, otherwise: string): T => {
  try {
    return check()
  } catch (error) {
    return refuse(error instanceof RangeError ? error.message : otherwise)
  }
}

const parse = (text: string): LedgerConfig | undefined => {
  const colon = text.indexOf(':')
  const scheme = text.slice(0, Math.max(0, colon))
  const rest = text.slice(colon + 1)
  switch (scheme) {
    case 'memory':
      return rest === '' ? { kind: 'memory' } : refuse('expected memory: and nothing after it')
    case 'sqlite':
      if (rest === '') return refuse('expected sqlite:PATH')
      return { kind: 'sqlite', path: checked(() => checkDatabasePath(rest), 'not a path') }
    case 'deno-kv':
      if (rest === '') return { kind: 'deno-kv' }
      return { kind: 'deno-kv', path: checked(() => checkDatabasePath(rest), 'not a path') }
    case 'redis':
    case 'rediss':
      checked(() => parseRedisUrl(text), 'not a URL of a Redis server')
      return { kind: 'redis', url: text }
    default:
      return undefined
  }
}

/**
 * Creates what reads the text of a ledger, for a runtime that has these kinds of ledgers.
 * @param kinds the drivers that the runtime has
 * @returns a function that reads a text such as `sqlite:PATH`
 * @throws ConfigurationError `configuration_invalid`, from the function that it returns, if the text names no such ledger;
 *   the message has no password in it
 * @example
 * ```ts
 * import { ledgerReader } from 'rollcall/service'
 *
 * const readLedger = ledgerReader(['sqlite', 'redis'])
 * console.log(JSON.stringify(readLedger('sqlite:ledger.db'))) // {"kind":"sqlite","path":"ledger.db"}
 * ```
 */
export const ledgerReader =
  (kinds: readonly LedgerConfig['kind'][]): ((text: string) => LedgerConfig) =>
  (text) => {
    const config = parse(text)
    if (config !== undefined && kinds.includes(config.kind)) return config
    return refuse(`expected ${kinds.map((kind) => FORMS[kind]).join(', ')}`)
  }

/**
 * Reads the text of a ledger of any kind.
 * @throws ConfigurationError, whose message has no password in it
 */
export const parseLedger: (text: string) => LedgerConfig = ledgerReader([
  'memory',
  'sqlite',
  'redis',
  'deno-kv',
])
