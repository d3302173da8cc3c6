// `npm run relying-party-by-hand -- [DOOR ...] [--rotation] [--log]`: starts doors from their recipes that no test
// starts, and shows them good and bad tokens, with ES256 and with RS256. Exit status 1: one of them does other than
// docs/use/README.md says. A door without its program is skipped, with the reason.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { ADMITTED_BY_HAND, BY_HAND_DOORS, type ByHandDoor } from '../../generate/by-hand.ts'
import { makeBadTokens, resignToken } from '../../support/bad-tokens.ts'
import { BY_HAND, programOf } from '../../support/doors/by-hand.ts'
import type { DoorOptions } from '../../support/doors/door.ts'
import { conditionsOf } from './by-hand-conditions.ts'
import { AUDIENCE, startIssuer } from './issuer.ts'
import { CACHE_SECONDS, measureRotation, rotationCells } from './measure-rotation.ts'

const [names, flags] = [false, true].map((isFlag) =>
  process.argv.slice(2).filter((it) => it.startsWith('--') === isFlag),
) as [string[], string[]]
const isNamed = (name: ByHandDoor): boolean => names.length === 0 || names.includes(name)
const AT_ONCE = 5
const word = (isIn: boolean): string => (isIn ? 'admitted' : 'refused')
const folder = mkdtempSync(join(tmpdir(), 'rollcall-by-hand-'))

/** @returns what differs from the table */
const judge = async (
  name: ByHandDoor,
  program: string,
  algorithm: 'ES256' | 'RS256',
): Promise<readonly string[]> => {
  const { start, claims = () => ({}) } = BY_HAND[name]
  const own = mkdtempSync(join(folder, `${name}-`))
  const issuer = await startIssuer(join(own, 'issuer'), (await generateSigningKeys(algorithm)).keys)
  try {
    const options: DoorOptions = { issuer: issuer.url, caFile: issuer.caFile, audience: AUDIENCE }
    const door = await start(program, options, join(own, 'door'))
    const privateKeys = issuer.privateKeys()
    const goodToken = resignToken(
      { goodToken: await issuer.token(), privateKeys },
      claims(AUDIENCE),
    )
    const admits = async (token: string): Promise<boolean> =>
      (await door.tokenIn(token)).status === 200
    const wrong: string[] = []
    const admitted: string[] = []
    try {
      const isIn = await admits(goodToken)
      console.log(`${name}, ${algorithm}: a good token is ${word(isIn)}`)
      if (!isIn) wrong.push('a good token is refused')
      const iat = Math.floor(Date.now() / 1000) + 20
      const early = resignToken({ goodToken, privateKeys }, { iat, nbf: iat - 30, exp: iat + 300 })
      console.log(`  issued 20 s ahead: ${word(await admits(early))}`)
      // Several at once: RabbitMQ waits three seconds before it refuses.
      const bad = makeBadTokens({ goodToken, privateKeys })
      for (let at = 0; at < bad.length; at += AT_ONCE) {
        await Promise.all(
          bad.slice(at, at + AT_ONCE).map(async ([it, token]) => {
            if (await admits(token)) admitted.push(it)
          }),
        )
      }
      for (const it of admitted) console.log(`  admitted: ${it}`)
      if (flags.includes('--log')) console.log(door.said())
    } finally {
      await door.stop()
    }
    const expected: readonly string[] = ADMITTED_BY_HAND[name]
    wrong.push(
      ...admitted.filter((it) => !expected.includes(it)).map((it) => `admitted: ${it}`),
      ...expected.filter((it) => !admitted.includes(it)).map((it) => `refused: ${it}`),
    )
    if (algorithm === 'ES256') {
      wrong.push(
        ...(await conditionsOf(name, program, { options, goodToken, folder: own, issuer })),
      )
    }
    return wrong
  } finally {
    await issuer.close()
  }
}

const rotate = async (name: ByHandDoor, program: string): Promise<void> => {
  const { start, claims = () => ({}) } = BY_HAND[name]
  const own = mkdtempSync(join(folder, `${name}-`))
  const [first, second] = await Promise.all([1, 2].map(() => generateSigningKeys('ES256')))
  const issuer = await startIssuer(join(own, 'issuer'), first?.keys ?? [], CACHE_SECONDS)
  try {
    const options = { issuer: issuer.url, caFile: issuer.caFile, audience: AUDIENCE }
    const door = await start(program, options, join(own, 'door'))
    try {
      const measured = await measureRotation(door, issuer, second?.keys ?? [], claims(AUDIENCE))
      console.log(`${name.padEnd(17)}${rotationCells(measured)}`)
    } finally {
      await door.stop()
    }
  } finally {
    await issuer.close()
  }
}

const wrong: string[] = []
try {
  if (flags.includes('--rotation')) {
    console.log('door             new key admitted   old key refused   seen token refused')
  }
  for (const name of BY_HAND_DOORS.filter(isNamed)) {
    const { variable, programs } = BY_HAND[name]
    const program = programOf(BY_HAND[name])
    if (program === undefined) {
      const missing = programs.length === 0 ? '' : `no ${programs.join(', no ')}; `
      console.log(`${name}: skipped: ${missing}name the program by ${variable}`)
    } else if (flags.includes('--rotation')) await rotate(name, program)
    else {
      for (const algorithm of ['ES256', 'RS256'] as const) {
        const found = await judge(name, program, algorithm)
        wrong.push(...found.map((it) => `${name}, ${algorithm}: ${it}`))
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}
for (const line of wrong) console.error(`not as docs/use/README.md says: ${line}`)
process.exitCode = wrong.length === 0 ? 0 : 1
