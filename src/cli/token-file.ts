// A token from a file or from standard input. Never from an argument, because every process of the machine can see
// arguments.

import { stat } from 'node:fs/promises'
import type { TokenToProve } from '../client/index.ts'
import { readUnverified } from '../token/unverified.ts'
import { usageError } from './command-error.ts'
import { asText, readInput } from './named-file.ts'
import { inFolder, thisRun } from './run.ts'
import { say } from './say.ts'

/** Its signature may be missing: then the verification says so. */
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/
const MAX_TOKEN_LENGTH = 8192

/**
 * Reads a token.
 * @param path `-`: standard input
 * @param name the name of the file in the usage, for messages
 * @throws CommandError for anything but one JWT
 */
export const readTokenFile = async (path: string, name: string): Promise<string> => {
  const token = asText(await readInput(path, name), path, name).trim()
  if (token.length <= MAX_TOKEN_LENGTH && JWT.test(token)) return token
  const where = path === '-' ? 'standard input' : path
  throw usageError(`${where}: expected only an enrollment token (the value of access_token)`)
}

const isTime = (value: unknown): value is number => Number.isSafeInteger(value)

const timesOf = (token: string): readonly [iat: number, exp: number] | undefined => {
  const { iat, exp } = readUnverified(token)?.claims ?? {}
  return isTime(iat) && isTime(exp) ? [iat, exp] : undefined
}

/** Since when a file has its contents, in Unix seconds by this machine's clock. @returns `undefined` for a pipe */
const writtenAt = async (path: string): Promise<number | undefined> => {
  if (path === '-') return undefined
  const stats = await stat(inFolder(path))
  return stats.isFile() ? stats.mtimeMs / 1000 : undefined
}

/**
 * Reads a token of which proofs will be made. Its proofs have the time of this machine's clock. If that is not within
 * the token's life, they have the token's own time and the time since the file was written: a clock that is wrong by
 * hours still measures minutes.
 * @throws CommandError
 */
export const readTokenToProve = async (path: string, name: string): Promise<TokenToProve> => {
  const accessToken = await readTokenFile(path, name)
  const times = timesOf(accessToken)
  const { now, elapsed } = thisRun().timing
  const clock = now()
  if (times === undefined) return { accessToken }
  const [iat, exp] = times
  if (clock >= iat && clock < exp) return { accessToken }
  const age = clock - ((await writtenAt(path)) ?? Infinity)
  if (age < 0 || age >= exp - iat) return { accessToken }
  say(
    `the token is not valid now by the clock of this machine; using the time since ${path} was written`,
  )
  return { accessToken, askedAt: elapsed() - age }
}
