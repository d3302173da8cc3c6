// Of 50 instances that post evidence over one challenge at once, one enrolls: on Node and in workerd.
// With the atomic clause of the driver taken out of a copy, more than one does, so this can fail.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitUntil } from '../../support/processes.ts'
import { type RunningService, startService } from '../../support/start-service.ts'
import { type TestCloud, createTestCloud } from '../../support/test-cloud.ts'
import { createBrokenCopy } from './broken-copy.ts'
import { RACERS, countByStatus, race, raceVariables } from './one-challenge.ts'

const ROUNDS = 5

/** Between looking and storing, everybody else may look too, on a slow machine as well. */
const MEMORY_CLAUSE = 'if (value !== expected) return { stored: false, value }'
const MEMORY_BROKEN = `${MEMORY_CLAUSE}
      await new Promise((resolve) => setTimeout(resolve, 1000))`

const OBJECT_CLAUSE = `WHERE ledger.expires_at <= ?
  RETURNING 1`
const OBJECT_BROKEN = `WHERE ledger.expires_at <= ? OR TRUE
  RETURNING 1`

let cloud: TestCloud
beforeAll(async () => {
  cloud = await createTestCloud()
})

const winners = async (service: RunningService): Promise<number> => {
  const answers = await race(service, cloud)
  return countByStatus(answers)[200] ?? 0
}

/** Hands a running service to `use`, and stops it. */
const running = async (
  start: Promise<RunningService>,
  use: (service: RunningService) => Promise<void>,
): Promise<void> => {
  const service = await start
  try {
    await use(service)
  } finally {
    await service.stop()
  }
}

/** The race among the racers of a copy without its atomic clause: more than one wins. */
const expectMoreWinners = async (service: RunningService): Promise<void> => {
  expect(await winners(service)).toBeGreaterThan(1)
}

const expectOneWinner = async (service: RunningService): Promise<void> => {
  for (let round = 0; round < ROUNDS; round++) {
    const answers = await race(service, cloud)
    expect(countByStatus(answers)).toEqual({ 200: 1, 401: RACERS - 1 })
    const losers = new Set(answers.flatMap((it) => (it.status === 401 ? [it.requestId] : [])))
    const reasons = (): unknown[] =>
      service
        .auditEvents()
        .filter((event) => losers.has(String(event['request_id'])))
        .map((event) => event['reason'])
    await waitUntil(() => reasons().length === losers.size, { seconds: 10, what: 'the audit' })
    expect(new Set(reasons())).toEqual(new Set(['challenge_spent']))
  }
}

describe('a challenge that 50 instances post at once', () => {
  const folders: string[] = []
  const newFolder = (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-race-'))
    folders.push(folder)
    return folder
  }
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })

  it('enrolls one of them, on Node', async () => {
    await running(startService('Node', { variables: await raceVariables(cloud) }), expectOneWinner)
  })

  it('enrolls one of them, in workerd', async () => {
    const options = { variables: await raceVariables(cloud), folder: newFolder() }
    await running(startService('workerd', options), expectOneWinner)
  })

  it('enrolls more than one on Node once the atomic clause of the memory ledger is gone', async () => {
    const copy = createBrokenCopy('src/ledger/memory.ts', MEMORY_CLAUSE, MEMORY_BROKEN)
    const options = { variables: await raceVariables(cloud), source: copy.folder }
    await running(startService('Node', options), expectMoreWinners)
    copy.remove()
  })

  it('enrolls more than one in workerd once the atomic clause of the object is gone', async () => {
    const copy = createBrokenCopy('src/ledger/sql-entries.ts', OBJECT_CLAUSE, OBJECT_BROKEN)
    const config = join(copy.folder, 'wrangler.toml')
    const options = { variables: await raceVariables(cloud), folder: newFolder(), config }
    await running(startService('workerd', options), expectMoreWinners)
    copy.remove()
  })
})
