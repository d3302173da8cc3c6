// Doors with odd arguments. With an audience of every character that their recipe accepts, they admit tokens for it, and
// for no other; they listen at no other address.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { resignToken } from '../../support/bad-tokens.ts'
import { requireDoor, startJudgedDoor } from '../../support/doors/start-door.ts'
import { EVERY } from '../../support/hostile-audiences.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { type Issuer, startIssuer } from './issuer.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-audiences-'))
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach((context) => void requireTool(context, 'openssl', 'apt-get install openssl'))

let issuer: Issuer | undefined
beforeAll(async () => {
  if (findTool('openssl') === undefined) return
  issuer = await startIssuer(folder, (await generateSigningKeys('ES256')).keys)
})
afterAll(() => issuer?.close())

/** The first two characters look like a flag. */
const EVERY_CHARACTER = `-m${EVERY}`

/** What the recipe of each door refuses; test/unit/cli/recipe/quote.test.ts looks that it does. */
const DOORS = [
  ['nginx-njs', ''],
  ['apache-openidc', '"~?>'],
  ['apache-oauth2', '"~?>'],
  ['haproxy', "'"],
] as const

it.for(DOORS)(
  '%s admits a token for its audience, and none for one that is nearly the same',
  async ([name, refused], context) => {
    requireDoor(context, name)
    const { url, caFile, privateKeys, token } = issuer as Issuer
    const audience = [...EVERY_CHARACTER].filter((char) => !refused.includes(char)).join('')
    const tokenFor = async (aud: string): Promise<string> =>
      resignToken({ goodToken: await token(), privateKeys: privateKeys() }, { aud: [aud] })
    const options = { issuer: url, caFile, audience, more: { host: 'door.test' } }
    const door = await startJudgedDoor(
      name,
      options,
      async (started) => (await started.tokenIn(await tokenFor(audience))).status === 200,
    )
    try {
      const near = [
        `${audience}x`,
        `x${audience}`,
        audience.slice(0, -1),
        audience.slice(1),
        audience.replace('\\', ''),
        audience.replace('\\', String.raw`\\`),
        audience.replace('$', ''),
        audience.replace('.', 'x'),
      ]
      expect(new Set([...near, audience]).size).toBe(9)
      for (const other of near) {
        expect([401, 403], other).toContain((await door.tokenIn(await tokenFor(other))).status)
      }
      expect((await door.tokenIn(await tokenFor(audience))).status).toBe(200)
      const elsewhere = door.url.replace('127.0.0.1', '127.0.0.2')
      await expect(fetch(elsewhere)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    } finally {
      await door.stop()
    }
  },
)
