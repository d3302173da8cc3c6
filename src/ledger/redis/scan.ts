// One page of the keys of a Redis server or cluster, by SCAN: what it costs depends on the size of the
// page alone. SCAN promises each key that is there from the first page to the last, as long as the
// servers and their slots stay the same; so a cursor is one of these very servers, else it is refused.
// https://redis.io/docs/latest/commands/scan/

import { hashText } from '../hash-text.ts'
import type { Primary } from './connection.ts'

const CURSOR = /^([0-9a-f]{8})-([0-9]{1,4})-([0-9]{1,20})$/
const MAX_SCAN_CURSOR = 2n ** 64n - 1n
const SLOTS = 16_384
const GLOB = /[*?[\]\\]/g

/** A position: which servers, the number of one of them, its own cursor. */
interface Position {
  readonly servers: string
  readonly index: number
  /** An unsigned number of 64 bits, so it stays text. */
  readonly scan: string
}

const refuse = (message: string): never => {
  throw new RangeError(message)
}

/** @throws RangeError if it did not come from a Redis ledger */
export const parseScanCursor = (cursor: string): Position => {
  const [, servers = '', index = '', scan = ''] = CURSOR.exec(cursor) ?? []
  if (servers === '' || BigInt(scan) > MAX_SCAN_CURSOR) refuse('not a cursor of this ledger')
  return { servers, index: Number(index), scan }
}

const fingerprint = (text: string): string => hashText(text).toString(16).padStart(8, '0')

/**
 * Which primary has which slots.
 * @throws Error if one is not among the primaries: its keys would be missing in silence
 */
const slotsOf = async (primaries: readonly Primary[]): Promise<string> => {
  const names = new Set(
    primaries.map(({ node: { options } }) => `${options.host ?? ''}:${options.port ?? ''}`),
  )
  const ranges = (await primaries[0]?.node.cluster('SLOTS')) ?? []
  const covered = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  const lines = ranges.map(([first, last, [host, port]]) => {
    if (!names.has(`${host}:${port}`)) throw new Error('a primary is not connected')
    return `${first}-${last}:${host}:${port}`
  })
  if (covered !== SLOTS) throw new Error('not all slots have a primary')
  return lines.toSorted().join(' ')
}

/**
 * Keys that begin with a text, from a position on.
 * @param limit how many are looked at, about
 * @param confirm rejects unless a server is a primary at this moment
 * @returns where the next page begins; `undefined` after the last
 * @throws RangeError if the position is one of other servers
 */
export const scanKeys = async (
  primaries: readonly Primary[],
  {
    start,
    beginning,
    limit,
    cluster,
    confirm,
  }: {
    start: Position | undefined
    beginning: string
    limit: number
    cluster: boolean
    confirm: (node: Primary['node']) => Promise<unknown>
  },
): Promise<{ readonly keys: readonly string[]; readonly next: string | undefined }> => {
  const runIds = primaries.map(({ runId }) => runId).join(' ')
  const servers = fingerprint(`${runIds} ${cluster ? await slotsOf(primaries) : ''}`)
  const { index, scan } = start ?? { index: 0, scan: '0' }
  const primary = primaries[index]
  if (primary === undefined || (start !== undefined && start.servers !== servers)) {
    return refuse('the servers have changed since that page; start again from the first one')
  }
  const match = `${beginning.replaceAll(GLOB, '\\$&')}*`
  const [scanned, keys] = await primary.node.scan(scan, 'MATCH', match, 'COUNT', limit)
  // A replica scans too, and may lack keys: what it left out can't be refused one by one.
  await confirm(primary.node)
  const end = scanned === '0'
  const next = end ? `${servers}-${index + 1}-0` : `${servers}-${index}-${scanned}`
  return { keys, next: end && index + 1 === primaries.length ? undefined : next }
}
