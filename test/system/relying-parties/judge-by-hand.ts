// `npm run relying-party-by-hand`: starts RabbitMQ from its recipe, which takes too much for a test, and prints which
// of the bad tokens it admits. docs/use/rabbitmq.md has what was seen.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { makeBadTokens, resignToken } from '../../support/bad-tokens.ts'
import { rabbitmqGroups, startRabbitmq } from '../../support/doors/rabbitmq.ts'
import { AUDIENCE, startIssuer } from './issuer.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-by-hand-'))
for (const algorithm of ['ES256', 'RS256'] as const) {
  const issuer = await startIssuer(
    join(folder, algorithm),
    (await generateSigningKeys(algorithm)).keys,
  )
  const options = { issuer: issuer.url, caFile: issuer.caFile, audience: AUDIENCE }
  const door = await startRabbitmq(options, join(folder, `door-${algorithm}`))
  try {
    const privateKeys = issuer.privateKeys()
    const plain = { goodToken: await issuer.token(), privateKeys }
    const goodToken = resignToken(plain, { groups: rabbitmqGroups(AUDIENCE) })
    const admits = async (token: string): Promise<boolean> =>
      (await door.tokenIn(token)).status === 200
    console.log(
      `${algorithm}: a good token is ${(await admits(goodToken)) ? 'admitted' : 'refused'}`,
    )
    console.log(`  without groups: ${(await admits(plain.goodToken)) ? 'admitted' : 'refused'}`)
    const iat = Math.floor(Date.now() / 1000) + 20
    const early = resignToken({ goodToken, privateKeys }, { iat, nbf: iat - 30, exp: iat + 300 })
    console.log(`  issued 20 s ahead: ${(await admits(early)) ? 'admitted' : 'refused'}`)
    // At once: RabbitMQ waits three seconds before it refuses.
    await Promise.all(
      makeBadTokens({ goodToken, privateKeys }).map(async ([name, token]) => {
        if (await admits(token)) console.log(`  admitted: ${name}`)
      }),
    )
    if (process.argv.includes('--log')) console.log(door.said())
  } finally {
    await door.stop()
    await issuer.close()
  }
}
rmSync(folder, { recursive: true })
