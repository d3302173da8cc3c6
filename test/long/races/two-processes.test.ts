// Two processes of the service on one Redis: every race of challenge, first use, key, ban, reset and exchange ends as
// it must. `RACES_SEED=N` runs the same rounds again, `RACES_ROUNDS=N` runs fewer or more.

import { randomInt } from 'node:crypto'
import { type TestContext, afterAll, describe, expect, it } from 'vitest'
import { requireRedis } from '../../support/redis-server.ts'
import { createBrokenCopy } from './broken-copy.ts'
import { type Raced, type Round, startTwoProcesses } from './two-processes-run.ts'
import { raceExchangeWithEnd } from './exchange-race.ts'
import { raceWithBan } from './two-processes-ban.ts'
import { raceForChallenge, raceForFirstUse, raceForKey } from './two-processes-one-winner.ts'
import { raceWithResets } from './two-processes-reset.ts'

const SEED = Number(process.env['RACES_SEED'] ?? randomInt(2 ** 31))
const ROUNDS = Number(process.env['RACES_ROUNDS'] ?? 2000)
const BROKEN_ROUNDS = 60
/** With so many rounds it can't be chance that one process wins none. */
const ENOUGH_ROUNDS = 30
const LIMIT_MS = 300_000

interface Race {
  readonly name: string
  readonly play: (round: Round) => Promise<void>
  /** Its part of the rounds, in percent. */
  readonly percent: number
}

const CHALLENGE: Race = { name: 'for a challenge', play: raceForChallenge, percent: 25 }
const FIRST_USE: Race = { name: 'for the first use', play: raceForFirstUse, percent: 25 }
const KEY: Race = { name: 'for the first key', play: raceForKey, percent: 10 }
const BAN: Race = { name: 'with a ban', play: raceWithBan, percent: 15 }
const RESET: Race = { name: 'with resets', play: raceWithResets, percent: 15 }
const EXCHANGE: Race = {
  name: 'of exchange and revocation',
  play: raceExchangeWithEnd,
  percent: 10,
}
const RACES = [CHALLENGE, FIRST_USE, KEY, BAN, RESET, EXCHANGE]

interface Broken {
  readonly what: string
  readonly file: string
  readonly clause: string
  readonly replacement: string
  /** The races that must notice. */
  readonly races: readonly Race[]
}

const BROKEN: readonly Broken[] = [
  {
    what: 'the comparison in the script of Redis is gone',
    file: 'src/ledger/redis/redis.ts',
    clause: "if alive ~= (ARGV[2] == '1' and ARGV[3]) then return {0, alive} end",
    replacement: '',
    races: [CHALLENGE, FIRST_USE, KEY],
  },
  {
    what: 'the generation of a record is not compared',
    file: 'src/enroll/first-use.ts',
    clause: "if (spent.generation !== record.generation) return refuse('challenge_before_reset')",
    replacement: '',
    races: [RESET],
  },
  {
    what: 'each process keeps what it once read of a ban',
    file: 'src/registry/bans.ts',
    clause: 'ledger.read(banKey(kind, identity[BANNABLE[kind][0]]), now)',
    replacement: `{
      const seen = (globalThis.seen ??= new Map())
      const key = banKey(kind, identity[BANNABLE[kind][0]])
      if (!seen.has(key)) seen.set(key, ledger.read(key, now))
      return seen.get(key)
    }`,
    races: [BAN],
  },
  {
    what: 'a token from an exchange outlives the revocation of its enrollment token',
    file: 'src/registry/standing.ts',
    clause:
      'enrollmentJti === undefined ? Promise.resolve(false) : isRevoked(ledger, enrollmentJti, now)',
    replacement: 'Promise.resolve(false)',
    races: [EXCHANGE],
  },
]

describe('two processes on one Redis', () => {
  let opened: Promise<Raced> | undefined
  const processesFor = (context: TestContext): Promise<Raced> => {
    requireRedis(context)
    opened ??= startTwoProcesses()
    return opened
  }
  afterAll(async () => (await opened)?.close())

  it.for(RACES.map((race) => [race.name, race] as const))(
    'end every race %s as they must',
    { timeout: LIMIT_MS },
    async ([, race], context) => {
      const processes = await processesFor(context)
      const rounds = Math.ceil((ROUNDS * race.percent) / 100)
      const report = await processes.run(race.name, race.play, { seed: SEED, rounds })
      console.log(`RACES_SEED=${SEED} ${report.line}`)
      if (report.events.length > 0) console.log(report.events.join('\n'))
      expect(report.problems).toEqual([])
      if (rounds >= ENOUGH_ROUNDS) expect(Math.min(...report.wins)).toBeGreaterThan(0)
    },
  )

  it('list every instance as it was enrolled and reset', async (context) => {
    const processes = await processesFor(context)
    expect(await processes.differences()).toEqual([])
  })
})

it.for(BROKEN.map((broken) => [broken.what, broken] as const))(
  'a race of two processes tells that %s',
  { timeout: LIMIT_MS },
  async ([, { file, clause, replacement, races }], context) => {
    requireRedis(context)
    const copy = createBrokenCopy(file, clause, replacement)
    let processes: Raced | undefined
    try {
      processes = await startTwoProcesses(copy.folder)
      for (const { name, play } of races) {
        const report = await processes.run(name, play, { seed: SEED, rounds: BROKEN_ROUNDS })
        console.log(`RACES_SEED=${SEED} ${report.line}: ${report.problems[0]}`)
        expect(report.problems).not.toEqual([])
      }
    } finally {
      await processes?.close()
      copy.remove()
    }
  },
)
