// What the operator reads when Redis could not answer. Of an error only its code is taken: its text
// and its fields may hold the arguments of the command, so the password and what was to be stored.

import { LedgerUnavailableError } from '../../base/errors.ts'

/** No answer in time. */
export class RedisTimeoutError extends Error {
  override readonly name = 'RedisTimeoutError'
}

/** What the first word of an error reply means for the operator. */
const REPLIES: Readonly<Record<string, string>> = {
  WRONGPASS: 'refuses the user name or password',
  NOAUTH: 'asks for a password; write it into the URL',
  NOPERM:
    'denies a command. On all keys of its prefix, the user needs INFO, GET, SET, SETRANGE, EVAL, EVALSHA and ' +
    'SCAN; in a cluster also CLUSTER SLOTS',
  OOM: 'is full; give it more memory (maxmemory)',
  READONLY: 'is a replica; the ledger needs the primary',
  NOREPLICAS: 'has fewer replicas than min-replicas-to-write demands, so it takes no writes',
  MISCONF: 'cannot save to its disk, so it takes no writes',
  LOADING: 'is still loading its data',
  CLUSTERDOWN: 'is a cluster that is not complete',
  WRONGTYPE:
    'has a value of another program under a key of the ledger; give the ledger its own prefix',
  FOREIGN:
    'has a value of another program under a key of the ledger; give the ledger its own prefix',
}

const CLOSED = 'closed the connection'

const isReply = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ReplyError'

const codeOf = (error: unknown): string | undefined => {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' && /^[A-Z0-9_]{2,64}$/.test(code) ? code : undefined
}

/**
 * The first word of an error reply. Before Redis 7 what a script met stands behind `ERR Error running script`.
 */
const wordOf = (reply: Error): string => {
  const [, inside] = /^ERR Error running script.*: -([A-Z]{2,32}) /.exec(reply.message) ?? []
  return inside ?? /^[A-Z]{2,32}(?= |$)/.exec(reply.message)?.[0] ?? 'ERR'
}

const describe = (error: unknown): string => {
  if (error instanceof LedgerUnavailableError) return error.message
  if (error instanceof RedisTimeoutError) return 'did not answer in time'
  if (isReply(error)) {
    const word = wordOf(error)
    return REPLIES[word] ?? `answers with an error (${word})`
  }
  const code = codeOf(error)
  return code === undefined ? CLOSED : `cannot be reached (${code})`
}

/** Whether all that an error tells is that the connection ended. */
export const saysNothing = (error: unknown): boolean => describe(error) === CLOSED

/** Whether the connection is of no use after this error: it broke, hangs, or leads to a replica. */
export const isConnectionLost = (error: unknown): boolean =>
  !isReply(error) || wordOf(error) === 'READONLY'

/** The error for callers. @param where host and port */
export const redisUnavailable = (where: string, error: unknown): LedgerUnavailableError => {
  if (error instanceof LedgerUnavailableError) return error
  return new LedgerUnavailableError(`the Redis of the ledger at ${where} ${describe(error)}`)
}
