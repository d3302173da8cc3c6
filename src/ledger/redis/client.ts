// What the Redis ledger uses of ioredis: clients that reconnect and repeat nothing by themselves. A script
// that was sent twice would take its own first run for somebody else's.

import { LedgerUnfitError } from '../../base/errors.ts'
import type { RedisTarget } from './url.ts'

/** Limit for opening a connection, and for one operation on it. */
export const LIMIT_MS = 2_000
/** A socket that was closed on our side is destroyed after this, if the server hangs. */
const DISCONNECT_MS = 200

// What is used of ioredis, as shapes: its types would bring those of Node into all of the code.

/** A connection to one server. */
export interface RedisNode {
  readonly options: { readonly host?: string | undefined; readonly port?: number | undefined }
  info(): Promise<string>
  /** `SLOTS`: the ranges of slots, each with its primary first. */
  cluster(
    command: 'SLOTS',
  ): Promise<[first: number, last: number, primary: [host: string, port: number]][]>
  scan(...args: readonly (string | number)[]): Promise<[cursor: string, keys: string[]]>
}

/** A client of one server, or of a cluster. */
export interface RedisClient {
  connect(): Promise<void>
  disconnect(): void
  on(event: string, listener: (error: unknown) => void): unknown
  /** The scripts that the ledger brings. */
  readEntry(key: string): Promise<string | null>
  compareAndSet(...args: readonly (string | number)[]): Promise<unknown>
}

interface ClusterClient extends RedisClient {
  nodes(role: 'master'): RedisNode[]
}

interface Ioredis {
  readonly Redis: new (options: object) => RedisClient & RedisNode
  readonly Cluster: new (startup: readonly object[], options: object) => ClusterClient
}

/** What TLS needs beyond the URL. All in PEM. */
export interface RedisTlsOptions {
  /** Certificates to trust. Default: those that the runtime brings. */
  readonly ca?: string | undefined
  /** The client's certificate, where the server asks for one. Default: none. */
  readonly cert?: string | undefined
  /** The private key of `cert`, a secret. */
  readonly key?: string | undefined
  /** The name that the server's certificate must have. Default: the host of the URL. */
  readonly servername?: string | undefined
}

const loadIoredis = async (): Promise<Ioredis> => {
  try {
    return (await import('ioredis' as string)) as Ioredis
  } catch {
    throw new LedgerUnfitError('ioredis is not installed: npm install ioredis')
  }
}

/** Makes clients of one target. They connect on demand. */
export interface RedisClients {
  /** @param known where the servers of the cluster were last, should the one of the URL be gone */
  create(known: readonly RedisNode['options'][]): RedisClient
  /** Of the server of the URL alone, also where it is one of a cluster. */
  createSingle(): RedisClient & RedisNode
  primariesOf(client: RedisClient): readonly RedisNode[]
}

/**
 * Loads ioredis. @throws LedgerUnfitError if it is not installed
 * @param scripts as ioredis takes them
 */
export const loadRedisClients = async (
  { host, port, username, password, database: db, cluster, secure }: RedisTarget,
  tls: RedisTlsOptions,
  scripts: Readonly<Record<string, { lua: string; numberOfKeys: number }>>,
): Promise<RedisClients> => {
  const { Redis, Cluster } = await loadIoredis()
  const isAddress = /^[0-9.]+$|:/.test(host)
  const { ca, cert, key, servername = isAddress ? undefined : host } = tls
  const nodeOptions = {
    username,
    password,
    // Redis 5 knows no other, and nothing here needs one.
    protocol: 2,
    connectTimeout: LIMIT_MS,
    disconnectTimeout: DISCONNECT_MS,
    disableClientInfo: true,
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: null,
    lazyConnect: true,
    ...(secure && { tls: { ca, cert, key, servername } }),
  }
  const createSingle = (): RedisClient & RedisNode =>
    new Redis({ ...nodeOptions, host, port, db, enableOfflineQueue: false, scripts })
  return {
    create: (known) =>
      cluster
        ? new Cluster([{ host, port }, ...known], {
            redisOptions: nodeOptions,
            scripts,
            lazyConnect: true,
            enableReadyCheck: false,
            clusterRetryStrategy: null,
            // Names stay names: certificates are made out to them.
            dnsLookup: (name: string, done: (error: null, found: string) => void) =>
              done(null, name),
            slotsRefreshTimeout: LIMIT_MS / 2,
            // A command that may have been executed is not sent again; one that can't be sent fails at once.
            retryDelayOnFailover: 0,
            retryDelayOnClusterDown: 0,
          })
        : createSingle(),
    createSingle,
    primariesOf: (client) =>
      cluster ? (client as ClusterClient).nodes('master') : [client as RedisClient & RedisNode],
  }
}
