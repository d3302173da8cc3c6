// How long a door goes on with what it has cached after a rotation that nobody staged: the old key is gone at once, and
// a new one signs.

import { setTimeout as wait } from 'node:timers/promises'
import { resignToken } from '../../support/bad-tokens.ts'
import type { Door } from '../../support/doors/door.ts'
import type { Issuer } from './issuer.ts'

/** How long relying parties may keep the keys: what the service itself allows. */
export const CACHE_SECONDS = 300
const LIMIT_SECONDS = 660
const STEP_SECONDS = 5
const HOUR = 3600

/** Seconds after the rotation; undefined: not within eleven minutes. */
export interface MeasuredRotation {
  /** When a token of the new key was admitted. */
  newKey?: number
  /** When a token of the old key was refused that the door had not seen. */
  oldKey?: number
  /** When a token was refused that the door had admitted before. */
  seenToken?: number
}

/**
 * Rotates the keys of an issuer, and asks a door until all is decided.
 * @param claims what its tokens have beside those of rollcall
 */
export const measureRotation = async (
  door: Door,
  issuer: Issuer,
  newKeys: readonly object[],
  claims: Readonly<Record<string, unknown>> = {},
): Promise<MeasuredRotation> => {
  const source = { goodToken: await issuer.token(), privateKeys: issuer.privateKeys() }
  const now = Math.floor(Date.now() / 1000)
  let made = 0
  // Valid for an hour, so that nothing but a cache decides.
  const oldToken = (): string =>
    resignToken(source, { ...claims, exp: now + HOUR, jti: `old-${made++}` })
  const newToken = async (): Promise<string> =>
    resignToken({ goodToken: await issuer.token(), privateKeys: issuer.privateKeys() }, claims)
  const admits = async (token: string): Promise<boolean> => (await door.tokenIn(token)).status < 300
  const seen = oldToken()
  if (!(await admits(seen))) throw new Error(`a good token was refused\n${door.said()}`)
  await issuer.takeOver(newKeys)
  const start = Date.now()
  const since = (): number => Math.round((Date.now() - start) / 1000)
  const measured: MeasuredRotation = {}
  while (since() < LIMIT_SECONDS) {
    if (measured.newKey === undefined && (await admits(await newToken()))) measured.newKey = since()
    if (measured.oldKey === undefined && !(await admits(oldToken()))) measured.oldKey = since()
    if (measured.seenToken === undefined && !(await admits(seen))) measured.seenToken = since()
    if (Object.keys(measured).length === 3) break
    await wait(STEP_SECONDS * 1000)
  }
  return measured
}

/** What was measured, as three columns of a table. */
export const rotationCells = ({ newKey, oldKey, seenToken }: MeasuredRotation): string =>
  [newKey, oldKey, seenToken]
    .map((seconds) =>
      (seconds === undefined ? `not in ${LIMIT_SECONDS} s` : `${seconds} s`).padEnd(19),
    )
    .join('')
    .trimEnd()
