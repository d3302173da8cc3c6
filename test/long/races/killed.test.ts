// Kill -9 of the service at 50 moments during 1,000 enrollments, on SQLite and on Redis: no challenge is
// accepted twice, no instance has a token and no record, and each gets its token in the end.
// `KILLS_SEED=N` draws the same moments again, `KILLS_ENROLLMENTS=N` enrolls fewer or more.

import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKeptClient } from '../../support/keep-alive.ts'
import { requireNode24 } from '../../support/node24.ts'
import { seededRandom } from '../../support/random.ts'
import { requireRedis } from '../../support/redis-server.ts'
import { DOCUMENT_FIELDS } from '../../support/test-cloud.ts'
import { createBrokenCopy } from './broken-copy.ts'
import { type Instances, createInstances } from './instances.ts'
import { expectNothingTwice, expectRecords, expectRetriesRecognised } from './killed-checks.ts'
import { type KilledRun, enrollWhileKilled } from './killed-run.ts'
import { type Command, bundleService, createMortalService } from './killed-service.ts'
import { type KilledState, openRedisState, openSqliteState } from './killed-state.ts'

const SEED = Number(process.env['KILLS_SEED'] ?? randomInt(2 ** 31))
const ENROLLMENTS = Number(process.env['KILLS_ENROLLMENTS'] ?? 1000)
const ENROLLMENTS_PER_KILL = 20
const BROKEN_ENROLLMENTS = 200
/** Longer than all of it takes: that something expired must not be why it is refused. */
const LIFETIME_SECONDS = 900
const LIMIT_MS = 300_000

const STORE = 'const answer = await connection.use((client) => client.compareAndSet(...args))'
/** Says that it stored, and does so a little later. */
const STORE_LATER = `if (entry.key.startsWith('instance:')) {
        setTimeout(() => connection.use((client) => client.compareAndSet(...args)), 50)
        return { stored: true }
      }
      ${STORE}`

/** What happened, in a line. */
const lineOf = ({ kills, enrolled, lost, fallen }: KilledRun, started: number): string => {
  const recorded = [...fallen.values()].filter((stored) => stored.recorded).length
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  return (
    `${kills} kills during ${enrolled.length} enrollments in ${seconds} s; ${lost} posts had no answer; ` +
    `${fallen.size} enrollments fell between spending and answering: ` +
    `${recorded} were recorded, ${fallen.size - recorded} not yet`
  )
}

/** Kills the service and looks whether all holds. */
const killAndCheck = async (
  name: string,
  command: Command,
  state: KilledState,
  enrollments = ENROLLMENTS,
): Promise<void> => {
  let instances: Instances | undefined
  const service = await createMortalService(command, async (url) => {
    const made = await createInstances(url, [DOCUMENT_FIELDS['owner-account-id']], LIFETIME_SECONDS)
    instances = made
    return { ...made.variables, ROLLCALL_LEDGER: state.ledger }
  })
  if (instances === undefined) throw new Error('the service has no instances')
  const client = createKeptClient(service.url)
  try {
    await service.start()
    const kills = Math.ceil(enrollments / ENROLLMENTS_PER_KILL)
    const started = performance.now()
    const run = await enrollWhileKilled(service, state, instances, client, {
      random: seededRandom(SEED),
      enrollments,
      kills,
      lifetimeSeconds: LIFETIME_SECONDS,
    })
    console.log(`KILLS_SEED=${SEED} ${name}: ${lineOf(run, started)}`)
    expect(run.kills).toBe(kills)
    expect(run.enrolled).toHaveLength(enrollments)
    expect(run.fallen.size).toBeGreaterThan(0)
    const aftermath = { service, state, instances, client, run }
    await expectRecords(aftermath)
    await expectRetriesRecognised(aftermath)
    await expectNothingTwice(aftermath)
    await expectRecords(aftermath)
  } finally {
    client.close()
    service.kill()
    await service.ended()
    await state.close()
  }
}

// Most of the time waits for the service that starts again.
describe.concurrent('a service that is killed again and again', () => {
  let folder = ''
  let entry = ''
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-killed-'))
    entry = await bundleService(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('enrolls each instance once, on SQLite', { timeout: LIMIT_MS }, async (context) => {
    const node = await requireNode24(context)
    await killAndCheck('SQLite', { node, entry }, await openSqliteState(node))
  })

  it('enrolls each instance once, on Redis', { timeout: LIMIT_MS }, async (context) => {
    requireRedis(context)
    await killAndCheck('Redis', { node: process.execPath, entry }, await openRedisState())
  })

  it(
    'is found out if it answers before it has recorded',
    { timeout: LIMIT_MS },
    async (context) => {
      requireRedis(context)
      const copy = createBrokenCopy('src/ledger/redis/redis.ts', STORE, STORE_LATER)
      try {
        const broken = {
          node: process.execPath,
          entry: await bundleService(copy.folder, copy.folder),
        }
        const state = await openRedisState()
        await expect(
          killAndCheck('Redis, recorded late', broken, state, BROKEN_ENROLLMENTS),
        ).rejects.toThrow('to deeply equal []')
      } finally {
        copy.remove()
      }
    },
  )
})
