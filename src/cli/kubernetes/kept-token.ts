// The file of a bound token: without the key that it is bound to, the token is worth nothing. The file names issuer and
// role, so that no other command takes its token for its own.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { TokenToProve } from '../../client/index.ts'
import type { Timing } from '../../base/timing.ts'
import { isTime } from '../../token/claims.ts'
import { readUnverified } from '../../token/unverified.ts'
import { CommandError, usageError } from '../command-error.ts'
import { inFolder } from '../run.ts'
import { replaceSecret } from '../secret-file.ts'

/** What a token is for. */
export interface TokenPurpose {
  readonly issuer: string
  readonly role: string | undefined
  /** Of the key that it is bound to. */
  readonly thumbprint: string
}

/** A bound token that was kept. */
export interface KeptToken {
  readonly accessToken: string
  /** When it was asked for, by the wall clock of this machine: Unix seconds. */
  readonly askedAt: number
  /** Whether the role lets the instance enroll again; `undefined`: unknown. */
  readonly renewable: boolean | undefined
}

const VERSION = 1
const NAME_LENGTH = 32

/**
 * Where a token is kept by default: in a folder beside the key, under a name made of issuer, role and key.
 * @param keyFile as the user names it
 */
export const keptTokenPath = (
  keyFile: string,
  { issuer, role = '', thumbprint }: TokenPurpose,
): string => {
  const key = inFolder(keyFile)
  const name = createHash('sha256').update(`${issuer}\n${role}\n${thumbprint}`).digest('hex')
  return join(dirname(key), `${basename(key)}.tokens`, `${name.slice(0, NAME_LENGTH)}.json`)
}

/** Where a token is kept. */
export interface TokenPlace {
  /** Absolute. */
  readonly path: string
  /** Whether the user named the file. Any other is of this command alone, whatever it holds. */
  readonly isNamed: boolean
}

/** Far above the size of any token. A device or a wrong file must not fill the memory. */
const MAX_BYTES = 65_536

/** How each file of this command begins, also one of a later version. One that was cut off may be shorter. */
const BEGINNING = '{"kept_token":'

/** The text of a file; `undefined` if the file does not exist. @throws NodeJS.ErrnoException @throws CommandError */
const readText = (path: string): string | undefined => {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return undefined
  if (!stats.isFile()) {
    throw usageError(`--cache: ${path} is a folder, a device or a pipe; name a file for the token`)
  }
  // After a crash of the machine some file systems give a file back that is full of NUL.
  const text = stats.size > MAX_BYTES ? 'too long' : readFileSync(path, 'utf8').replaceAll('\0', '')
  if (text.startsWith(BEGINNING) || BEGINNING.startsWith(text.trim())) return text
  throw usageError(
    `--cache: ${path} holds something other than a kept token; name another file, or delete this one`,
  )
}

/**
 * The text of a file that this command has written.
 * @returns `undefined` if the file does not exist. In a folder of this command, any other text counts as no token
 * @throws CommandError for a file that the user named and that this command has not written: it must not be replaced
 */
const readOwnText = ({ path, isNamed }: TokenPlace): string | undefined => {
  try {
    return readText(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!isNamed || code === 'ENOTDIR') return undefined
    throw error instanceof CommandError
      ? error
      : usageError(`--cache: cannot read ${path} (${code ?? 'failed'})`)
  }
}

const membersOf = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value = JSON.parse(text) as Readonly<Record<string, unknown>>
    return value['kept_token'] === VERSION ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * Reads a token that was kept.
 * @returns `undefined` if the file does not exist, if it is broken, or if it keeps a token for another purpose
 * @throws CommandError for a file that the user named and that this command has not written: it must not be replaced
 */
export const readKeptToken = (place: TokenPlace, purpose: TokenPurpose): KeptToken | undefined => {
  const members = membersOf(readOwnText(place) ?? '')
  if (members === undefined) return undefined
  const { access_token: accessToken, asked_at: askedAt, issuer, role, renewable } = members
  if (typeof accessToken !== 'string' || typeof askedAt !== 'number') return undefined
  if (issuer !== purpose.issuer || role !== (purpose.role ?? '')) return undefined
  const { iss, cnf } = readUnverified(accessToken)?.claims ?? {}
  const { jkt } = (cnf ?? {}) as Readonly<Record<string, unknown>>
  if (iss !== purpose.issuer || jkt !== purpose.thumbprint) return undefined
  return {
    accessToken,
    askedAt,
    renewable: typeof renewable === 'boolean' ? renewable : undefined,
  }
}

/** Makes the folder of the file, for its owner alone. @throws NodeJS.ErrnoException */
export const makeFolderOf = (path: string): void =>
  void mkdirSync(dirname(path), { recursive: true, mode: 0o700 })

/**
 * Keeps a token, with mode 0600. A reader sees the old file or the new one. The folder of the file is made.
 * @throws CommandError as `readKeptToken()`: the file may have changed during the enrollment
 * @throws NodeJS.ErrnoException
 */
export const keepToken = (
  place: TokenPlace,
  { issuer, role = '' }: TokenPurpose,
  { accessToken, askedAt, renewable }: KeptToken,
): void => {
  const { path } = place
  makeFolderOf(path)
  readOwnText(place)
  const members = {
    kept_token: VERSION,
    issuer,
    role,
    access_token: accessToken,
    asked_at: askedAt,
    renewable,
  }
  replaceSecret(path, `${JSON.stringify(members)}\n`)
}

const MAX_MARGIN_SECONDS = 120
const MARGIN = 1 / 3

const lifeOf = (accessToken: string): number => {
  const { iat, exp } = readUnverified(accessToken)?.claims ?? {}
  return isTime(iat) && isTime(exp) ? exp - iat : 0
}

/**
 * Whether a token lives long enough to be exchanged once more: an exchanged token never outlives it. A token whose role
 * allows no other enrollment is used to its end, which the service knows best.
 * @param now Unix seconds, by the clock that `askedAt` was read from
 */
export const isUsable = ({ accessToken, askedAt, renewable }: KeptToken, now: number): boolean => {
  const life = lifeOf(accessToken)
  const margin = Math.min(MAX_MARGIN_SECONDS, life * MARGIN)
  // A clock that was set back does not make the token older: the service decides.
  return renewable === false || now - askedAt < life - margin
}

/** The token with the time for its proofs; see `proofTime()`. A clock that was set since then gives none. */
export const toProve = (
  { accessToken, askedAt }: KeptToken,
  { now, elapsed }: Pick<Timing, 'now' | 'elapsed'>,
): TokenToProve => {
  const age = now() - askedAt
  const isPlausible = age >= 0 && age < lifeOf(accessToken)
  return { accessToken, askedAt: isPlausible ? elapsed() - age : undefined }
}
