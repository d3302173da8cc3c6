// A process that measures group commit: `sqlite-groups-host.ts FOLDER ROUNDS`, for a Node that has node:sqlite.
// Prints the medians, as JSON.

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { GROUP_SIZE } from '../../src/ledger/group-commit.ts'
import { type SqliteLedger, createSqliteLedger } from '../../src/ledger/sqlite.ts'

/** What is measured, in microseconds of the clock. */
export interface GroupTimes {
  /** One of 32 compare-and-sets at a time, in groups as the service has them. */
  readonly grouped: number
  /** The same, each in a transaction of its own. */
  readonly alone: number
  /** A small file, written and flushed: what the disk takes for one transaction at least. */
  readonly flush: number
  /** A group of the largest size: so long the event loop stands still. */
  readonly fullGroup: number
}

const AT_ONCE = 32
/** Groups of 32 in one round. */
const GROUPS = 8

const [folder = '', rounds] = process.argv.slice(2)
const now = Math.floor(Date.now() / 1000)
let keys = 0

const storeAtOnce = async (ledger: SqliteLedger, count: number): Promise<void> => {
  const swaps = await Promise.all(
    Array.from({ length: count }, () => {
      const entry = { key: `challenge:${keys++}`, value: 'x'.repeat(100), expiresAt: now + 120 }
      return ledger.compareAndSet(entry, undefined, now)
    }),
  )
  if (swaps.some(({ stored }) => !stored)) throw new Error('a new key was there already')
}

const microseconds = async (work: () => unknown, times = 1): Promise<number> => {
  const began = performance.now()
  for (let i = 0; i < times; i++) await work()
  return ((performance.now() - began) * 1000) / times
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const grouped = createSqliteLedger({ path: join(folder, 'grouped.db') })
const alone = createSqliteLedger({ path: join(folder, 'alone.db'), groupSize: 1 })
const file = openSync(join(folder, 'small'), 'w')
const flush = (): void => {
  writeSync(file, 'x'.repeat(100), 0)
  fsyncSync(file)
}

const samples: Record<keyof GroupTimes, number[]> = {
  grouped: [],
  alone: [],
  flush: [],
  fullGroup: [],
}
for (let round = 0; round <= Number(rounds); round++) {
  const times: GroupTimes = {
    grouped: (await microseconds(() => storeAtOnce(grouped, AT_ONCE), GROUPS)) / AT_ONCE,
    alone: (await microseconds(() => storeAtOnce(alone, AT_ONCE))) / AT_ONCE,
    flush: await microseconds(flush, GROUPS),
    fullGroup: await microseconds(() => storeAtOnce(grouped, GROUP_SIZE)),
  }
  // Round 0 warms up.
  for (const [name, all] of Object.entries(samples)) {
    if (round > 0) all.push(times[name as keyof GroupTimes])
  }
}
closeSync(file)
for (const ledger of [grouped, alone]) ledger.close()
const medians = Object.entries(samples).map(([name, all]) => [name, median(all)])
process.stdout.write(`${JSON.stringify(Object.fromEntries(medians))}\n`)
