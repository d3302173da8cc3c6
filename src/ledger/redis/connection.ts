// The connection of the Redis ledger: opened on use, checked before it is used, given up for all as soon
// as it breaks or hangs, so that nothing waits for a server that is unreachable. The next call opens another.

import { LedgerUnavailableError } from '../../base/errors.ts'
import { within } from '../../base/timing.ts'
import {
  LIMIT_MS,
  type RedisClient,
  type RedisClients,
  type RedisNode,
  type RedisTlsOptions,
  loadRedisClients,
} from './client.ts'
import { RedisTimeoutError, isConnectionLost, redisUnavailable, saysNothing } from './failure.ts'
import { confirmPrimary, inspectServer } from './fitness.ts'
import type { RedisTarget } from './url.ts'

/** After a failure calls fail at once for this long, before the next one tries again. */
const PAUSE_MS = 200
/** How long the server's settings are taken as they were read: they can be changed while it runs. */
const CHECK_MS = 5_000

/** A primary that may be used. */
export interface Primary {
  readonly node: RedisNode
  /** Another one each time that the server starts; empty if it doesn't say. */
  readonly runId: string
}

/** See {@link createRedisConnection}. */
export interface RedisConnection {
  /**
   * Runs one operation. @throws LedgerUnavailableError, or RangeError if `work` does
   * @param work gets the client and all primaries, in an order that stays as long as they do
   */
  use<T>(work: (client: RedisClient, primaries: readonly Primary[]) => Promise<T>): Promise<T>
  /** How many servers were connected to, each time; it grows before anything that a server said is returned. */
  readonly connections: number
  /** Rejects unless a server is a primary at this moment; for use within {@link use}. */
  confirmPrimary(node: RedisNode): Promise<void>
  /** Ends the connection, and with it what is under way. */
  close(): Promise<void>
}

const inTime = <T>(work: Promise<T>): Promise<T> =>
  within(LIMIT_MS / 1000, work, () => {
    throw new RedisTimeoutError()
  })

/**
 * Connects a client and does what comes first.
 * @throws what went wrong, which `connect` itself does not say: it only says that it did
 */
const connectAnd = async <T>(client: RedisClient, first: () => Promise<T>): Promise<T> => {
  let reason: unknown
  const keepReason = (error: unknown): void => {
    reason = (error as { lastNodeError?: unknown } | undefined)?.lastNodeError ?? error
  }
  client.on('error', keepReason)
  client.on('node error', keepReason)
  try {
    return await inTime(client.connect().then(first))
  } catch (error) {
    client.disconnect()
    throw saysNothing(error) ? (reason ?? error) : error
  }
}

/**
 * @param scripts as ioredis takes them
 * @param report takes warnings about a server, at each connection to it
 */
export const createRedisConnection = (
  target: RedisTarget,
  tls: RedisTlsOptions,
  scripts: Readonly<Record<string, { lua: string; numberOfKeys: number }>>,
  report: (line: string) => void,
): RedisConnection => {
  const where = `${target.host}:${target.port}`
  let clients: RedisClients | undefined
  let opened: Promise<RedisClient> | undefined
  let failure: { readonly message: string; readonly untilMs: number } | undefined
  let closed = false
  let known: readonly RedisNode['options'][] = []
  let connections = 0
  const counted = new WeakSet<RedisNode>()
  const warned = new WeakMap<RedisNode, string>()
  const checks = new WeakMap<RedisNode, { runId: Promise<string>; untilMs: number }>()

  const inspect = async (node: RedisNode): Promise<string> => {
    const { runId, warning } = await inspectServer(node, target)
    // At each connection, and if it becomes so while it is connected.
    if (warning !== undefined && warned.get(node) !== warning) report(`warning: ${warning}`)
    warned.set(node, warning ?? '')
    return runId
  }

  const check = async (node: RedisNode): Promise<Primary> => {
    if (!counted.has(node)) connections++
    counted.add(node)
    const last = checks.get(node)
    if (last !== undefined && last.untilMs > performance.now()) {
      return { node, runId: await last.runId }
    }
    const runId = inspect(node)
    checks.set(node, { runId, untilMs: performance.now() + CHECK_MS })
    try {
      return { node, runId: await runId }
    } catch (error) {
      checks.delete(node)
      throw error
    }
  }

  const checkAll = async (client: RedisClient): Promise<readonly Primary[]> => {
    const primaries = await Promise.all((clients?.primariesOf(client) ?? []).map(check))
    if (primaries.length === 0) throw new Error('the cluster has lost all of its servers')
    return primaries.toSorted((a, b) => (a.runId < b.runId ? -1 : 1))
  }

  const runChecked = async <T>(
    client: RedisClient,
    work: (client: RedisClient, primaries: readonly Primary[]) => Promise<T>,
  ): Promise<T> => {
    const result = await work(client, await checkAll(client))
    // A primary that joined in the middle must be fit too, before anything that it said counts.
    await checkAll(client)
    return result
  }

  const open = async (onEnd: () => void): Promise<RedisClient> => {
    clients ??= await loadRedisClients(target, tls, scripts)
    const client = clients.create(known)
    client.on('end', onEnd)
    try {
      const primaries = await connectAnd(client, () => checkAll(client))
      known = primaries.map(({ node: { options } }) => ({ host: options.host, port: options.port }))
    } catch (error) {
      if (!saysNothing(error)) throw error
      // The client of a cluster keeps the reason to itself; a client of the URL's server alone tells it.
      const single = clients.createSingle()
      await connectAnd(single, async () => single.disconnect())
      throw error
    }
    return client
  }

  const forget = (client: Promise<RedisClient>): boolean => {
    const mine = opened === client
    if (mine) opened = undefined
    return mine
  }

  const openOnce = (): Promise<RedisClient> => {
    if (opened !== undefined) return opened
    const mine: Promise<RedisClient> = open(() => forget(mine))
    opened = mine
    return mine
  }

  return {
    async use(work) {
      if (closed) throw new LedgerUnavailableError('the ledger was closed')
      if (opened === undefined && failure !== undefined && failure.untilMs > performance.now()) {
        throw new LedgerUnavailableError(failure.message)
      }
      const opening = openOnce()
      let client: RedisClient | undefined
      try {
        client = await opening
        return await inTime(runChecked(client, work))
      } catch (error) {
        if (error instanceof RangeError) throw error
        const unavailable = redisUnavailable(where, error)
        if (client === undefined || isConnectionLost(error)) {
          failure = { message: unavailable.message, untilMs: performance.now() + PAUSE_MS }
          // The first that fails gives the connection up for all.
          if (forget(opening)) client?.disconnect()
        }
        throw unavailable
      }
    },
    get connections() {
      return connections
    },
    confirmPrimary,
    async close() {
      closed = true
      const client = await opened?.catch(() => undefined)
      client?.disconnect()
    },
  }
}
