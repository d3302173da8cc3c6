// `npm run relying-party-caches -- [DOOR ...]`: how long doors go on with what they have cached after a rotation that
// nobody staged: the old key is gone at once, and a new one signs. It takes up to ten minutes, so no test does it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { resignToken } from '../../support/bad-tokens.ts'
import type { Door } from '../../support/doors/door.ts'
import { type DoorName, missingFor, startJudgedDoor } from '../../support/doors/start-door.ts'
import { AUDIENCE, type Issuer, startIssuer } from './issuer.ts'

/** What the service itself allows. */
const CACHE_SECONDS = 300
const LIMIT_SECONDS = 660
const STEP_SECONDS = 5
const CACHING: readonly DoorName[] = ['nginx-njs', 'apache-openidc', 'apache-oauth2']

/** Seconds after the rotation; undefined: not within eleven minutes. */
interface Measured {
  /** When a token of the new key was admitted. */
  newKey?: number
  /** When a token of the old key was refused that the door had not seen. */
  oldKey?: number
  /** When a token was refused that the door had admitted before. */
  seenToken?: number
}

const HOUR = 3600

const measure = async (
  door: Door,
  issuer: Issuer,
  newKeys: readonly object[],
): Promise<Measured> => {
  const source = { goodToken: await issuer.token(), privateKeys: issuer.privateKeys() }
  const now = Math.floor(Date.now() / 1000)
  let made = 0
  // Valid for an hour, so that nothing but a cache decides.
  const oldToken = (): string => resignToken(source, { exp: now + HOUR, jti: `old-${made++}` })
  const admits = async (token: string): Promise<boolean> => (await door.tokenIn(token)).status < 300
  const seen = oldToken()
  if (!(await admits(seen))) throw new Error(`a good token was refused\n${door.said()}`)
  await issuer.takeOver(newKeys)
  const start = Date.now()
  const since = (): number => Math.round((Date.now() - start) / 1000)
  const measured: Measured = {}
  while (since() < LIMIT_SECONDS) {
    if (measured.newKey === undefined && (await admits(await issuer.token())))
      measured.newKey = since()
    if (measured.oldKey === undefined && !(await admits(oldToken()))) measured.oldKey = since()
    if (measured.seenToken === undefined && !(await admits(seen))) measured.seenToken = since()
    if (Object.keys(measured).length === 3) break
    await wait(STEP_SECONDS * 1000)
  }
  return measured
}

const measureDoor = async (name: DoorName): Promise<Measured> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-caches-'))
  const [first, second] = await Promise.all([1, 2].map(() => generateSigningKeys('ES256')))
  const issuer = await startIssuer(folder, first?.keys ?? [], CACHE_SECONDS)
  try {
    const options = { issuer: issuer.url, caFile: issuer.caFile, audience: AUDIENCE }
    const door = await startJudgedDoor(
      name,
      options,
      async (started) => (await started.tokenIn(await issuer.token())).status < 300,
    )
    try {
      return await measure(door, issuer, second?.keys ?? [])
    } finally {
      await door.stop()
    }
  } finally {
    await issuer.close()
    rmSync(folder, { recursive: true })
  }
}

const named = process.argv.slice(2) as DoorName[]
const names = named.length > 0 ? named : CACHING
console.log('door             new key admitted   old key refused   seen token refused')
await Promise.all(
  names.map(async (name) => {
    const missing = missingFor(name)
    if (missing !== undefined) return console.log(`${name}: ${missing}`)
    const { newKey, oldKey, seenToken } = await measureDoor(name)
    const cells = [newKey, oldKey, seenToken].map((seconds) =>
      (seconds === undefined ? `not in ${LIMIT_SECONDS} s` : `${seconds} s`).padEnd(19),
    )
    console.log(`${name.padEnd(17)}${cells.join('').trimEnd()}`)
  }),
)
