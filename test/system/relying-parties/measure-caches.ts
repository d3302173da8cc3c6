// `npm run relying-party-caches -- [DOOR ...]`: how long doors go on with what they have cached after a rotation that
// nobody staged: the old key is gone at once, and a new one signs. It takes up to ten minutes, so no test does it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { type DoorName, missingFor, startJudgedDoor } from '../../support/doors/start-door.ts'
import { AUDIENCE, startIssuer } from './issuer.ts'
import {
  CACHE_SECONDS,
  type MeasuredRotation,
  measureRotation,
  rotationCells,
} from './measure-rotation.ts'

const CACHING: readonly DoorName[] = ['nginx-njs', 'apache-openidc', 'apache-oauth2']

const measureDoor = async (name: DoorName): Promise<MeasuredRotation> => {
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
      return await measureRotation(door, issuer, second?.keys ?? [])
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
    console.log(`${name.padEnd(17)}${rotationCells(await measureDoor(name))}`)
  }),
)
