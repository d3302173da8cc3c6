// Exchange and revocation race in workerd, over Durable Objects. `RACES_SEED=N` runs the same rounds again.

import { randomInt } from 'node:crypto'
import { afterAll, expect, it } from 'vitest'
import { raceExchangeWithEnd } from './exchange-race.ts'
import { type Raced, startRacedWorker } from './two-processes-run.ts'

const SEED = Number(process.env['RACES_SEED'] ?? randomInt(2 ** 31))
const ROUNDS = Number(process.env['RACES_EXCHANGE_ROUNDS'] ?? 60)
const LIMIT_MS = 300_000

let raced: Raced | undefined
afterAll(() => raced?.close())

it(
  'no token from an exchange is in standing after an acknowledged end of its enrollment, in workerd',
  { timeout: LIMIT_MS },
  async () => {
    raced = await startRacedWorker()
    const options = { seed: SEED, rounds: ROUNDS }
    const report = await raced.run('of exchange and revocation', raceExchangeWithEnd, options)
    console.log(`RACES_SEED=${SEED} ${report.line}`)
    if (report.events.length > 0) console.log(report.events.join('\n'))
    expect(report.problems).toEqual([])
    expect(report.line).toMatch(/ issued/)
    expect(report.interrupted).toBeLessThanOrEqual(ROUNDS / 10)
  },
)
