// `rollcall probe` with tokens that expire while it runs: a door that refuses an expired token has not refused it for
// what else is wrong with it.

import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM_TIMING } from '../../../../src/base/timing.ts'
import { FORGED_NAMES, resign } from '../../../../src/cli/probe/bad-tokens.ts'
import { type TestIssuer, startTestIssuer } from '../../../../src/cli/probe/test-issuer.ts'
import { readUnverified } from '../../../../src/token/unverified.ts'
import { type RollcallCommand, createCommand } from '../../../support/command.ts'
import { startListening } from '../../../support/listening.ts'

const AUDIENCE = 'https://app.example'
const GIVEN = ['bound to a key', 'another aud']

let issuer: TestIssuer
let command: RollcallCommand
beforeAll(async () => {
  const about = { audience: AUDIENCE, role: 'worker', account: '1', region: 'cn-hangzhou' }
  issuer = await startTestIssuer({ host: '127.0.0.1', port: 0, algorithm: 'ES256', ...about })
  command = createCommand()
})
afterAll(async () => {
  command.remove()
  await issuer.close()
})

interface Probed {
  /** How long the good token is valid, in seconds. */
  readonly good: number
  /** How long the tokens of the user are valid. */
  readonly given: number
  /** How long the door takes for the first bad token. */
  readonly pause: number
  /** Whether the door looks at `cnf` and `aud`. Default: no. */
  readonly isStrict?: true
  /** Whether the door admits a token on the strength of an earlier look at it. Default: no. */
  readonly hasCache?: true
}

/** Probes a door that looks at `exp`, with a clock that the door moves on. */
const probe = async ({ good: goodFor, given, pause, isStrict, hasCache }: Probed) => {
  const start = Math.floor(SYSTEM_TIMING.now())
  let ahead = 0
  const now = (): number => SYSTEM_TIMING.now() + ahead
  const make = (name: string, seconds: number, change: object = {}): string => {
    const token = resign(issuer.good(), issuer.privateKey, { exp: start + seconds, ...change })
    writeFileSync(join(command.folder, name), token)
    return token
  }
  const good = make('good', goodFor)
  const others = [
    make('bound', given, { cnf: { jkt: 'gXEc2IM4m4hUv9N4ZwGvL4jKWyyWlaAWo-C0Y2-ZC8g' } }),
    make('other', given, { aud: ['https://other.example'] }),
  ]
  const known = isStrict ? [good] : [good, ...others]
  const admits = (shown: string): boolean => {
    if (!known.includes(shown)) return false
    return hasCache || Number(readUnverified(shown)?.claims['exp']) > now()
  }
  const door = await startListening(
    createServer(({ headers: { authorization } }, response) => {
      if (authorization === undefined) ahead += pause
      const isAdmitted = admits(authorization?.replace('Bearer ', '') ?? '')
      response.writeHead(isAdmitted ? 200 : 401).end()
    }),
  )
  const args = ['--audience', AUDIENCE, '--token', 'good', '--json']
  const more = ['--bound-token', 'bound', '--other-audience-token', 'other']
  const run = await command.run(['probe', `http://127.0.0.1:${door.port}/`, ...args, ...more], {
    timing: { ...SYSTEM_TIMING, now },
  })
  await door.close()
  return run
}

const namesIn = (stdout: string, outcome: string): string[] => {
  const { lines } = JSON.parse(stdout) as { lines: { name: string; outcome: string }[] }
  return lines.filter((line) => line.outcome === outcome).map(({ name }) => name)
}

describe('rollcall probe with tokens that expire meanwhile', () => {
  it('does not count the refusal of a token of the user that has expired', async () => {
    const run = await probe({ good: 300, given: 60, pause: 61 })
    expect(run.status).toBe(1)
    expect(namesIn(run.stdout, 'unclear').toSorted()).toEqual(GIVEN.toSorted())
    expect(run.stdout).toContain('get new tokens that are valid for longer')
  })

  it('does not count a refusal shortly before the end either, since clocks differ', async () => {
    const run = await probe({ good: 300, given: 60, pause: 55, isStrict: true })
    expect(run.status).toBe(1)
    expect(namesIn(run.stdout, 'unclear').toSorted()).toEqual(GIVEN.toSorted())
  })

  it('does not count the refusal of forged tokens once the good token has expired', async () => {
    const run = await probe({ good: 60, given: 300, pause: 61, hasCache: true })
    expect(run.status).toBe(1)
    expect(namesIn(run.stdout, 'unclear')).toEqual([...FORGED_NAMES])
    expect(namesIn(run.stdout, 'admitted').toSorted()).toEqual(GIVEN.toSorted())
  })

  it('counts all that are shown in time', async () => {
    const run = await probe({ good: 300, given: 60, pause: 20, isStrict: true })
    expect(run.status).toBe(0)
    expect(namesIn(run.stdout, 'unclear')).toEqual([])
  })

  it.each([
    ['--token', { good: 20, given: 300, pause: 0 }],
    ['--bound-token', { good: 300, given: 20, pause: 0 }],
  ])('refuses %s if it expires in a few seconds', async (option, probed) => {
    const run = await probe(probed)
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(`${option} expires in less than 30 seconds`)
  })
})
