// Whether a Redis server can keep a ledger, by its own INFO: a primary that drops nothing to make room and
// that has on disk what it acknowledged.

import { LedgerUnavailableError, LedgerUnfitError } from '../../base/errors.ts'
import type { RedisNode } from './client.ts'
import type { RedisTarget } from './url.ts'

/** A field of INFO, such as `role`. */
type Field = (name: string) => string | undefined

const readInfo = async (node: RedisNode): Promise<Field> => {
  const info = await node.info()
  return (name) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1]
}

const nameOf = ({ options: { host, port } }: RedisNode): string =>
  `the Redis of the ledger at ${host}:${port}`

const refuseReplica = (node: RedisNode, field: Field): void => {
  // A replica may lag behind what was acknowledged, and what was the primary may be one now.
  if (field('role') !== 'slave') return
  throw new LedgerUnavailableError(`${nameOf(node)} is a replica; the ledger needs the primary`)
}

/** Asks a server what it is now. @throws LedgerUnavailableError if it is a replica */
export const confirmPrimary = async (node: RedisNode): Promise<void> =>
  refuseReplica(node, await readInfo(node))

const refuseEviction = (node: RedisNode, field: Field): void => {
  const policy = field('maxmemory_policy')
  if (policy === 'noeviction') return
  throw new LedgerUnfitError(
    `${nameOf(node)} has the maxmemory-policy ${policy ?? '(not shown)'}, so it could drop a ban: ` +
      'set maxmemory-policy noeviction (Tair and ApsaraDB begin with volatile-lru)',
  )
}

/** @returns a warning, if the server may be used nevertheless */
const checkDurability = (
  node: RedisNode,
  field: Field,
  { allowUnsafe }: Pick<RedisTarget, 'allowUnsafe'>,
): string | undefined => {
  const enabled = field('aof_enabled')
  if (enabled === '1') return undefined
  if (enabled === undefined) {
    return (
      `${nameOf(node)} does not show aof_enabled: make sure that its append-only file is on, ` +
      'otherwise a restart loses bans and spent challenges'
    )
  }
  const loses = `${nameOf(node)} has no append-only file, so a restart loses bans and spent challenges`
  const remedy = 'set appendonly yes and appendfsync always'
  if (allowUnsafe) return `${loses}: ${remedy} (allowed by allow-unsafe=true)`
  throw new LedgerUnfitError(`${loses}: ${remedy}, or for a trial add allow-unsafe=true to the URL`)
}

/**
 * Looks at a server.
 * @returns its run id, another one each time that it starts and empty if it is not shown; and a warning
 * @throws LedgerUnavailableError if the server is a replica
 * @throws LedgerUnfitError if it could forget
 */
export const inspectServer = async (
  node: RedisNode,
  target: Pick<RedisTarget, 'allowUnsafe'>,
): Promise<{ readonly runId: string; readonly warning: string | undefined }> => {
  const field = await readInfo(node)
  refuseReplica(node, field)
  refuseEviction(node, field)
  const warning = checkDurability(node, field, target)
  return { runId: field('run_id') ?? '', warning }
}
