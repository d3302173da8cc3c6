// What group commit is worth: 32 compare-and-sets at a time on a SQLite file, against the same driver with one call
// in each transaction. In one run, in turns. It depends on the disk, so the disk's own flush time stands beside it.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { requireNode24 } from '../support/node24.ts'
import { cleanEnvironment } from '../support/processes.ts'
import { ROOT } from '../support/sources.ts'
import { SKIPPING } from './skipped.ts'
import type { GroupTimes } from './sqlite-groups-host.ts'

const HOST = join(ROOT, 'test/bench/sqlite-groups-host.ts')
const LIMIT_SECONDS = 120

/** The costs, medians of all rounds. */
export interface SqliteGroupFigures {
  /** How many times longer a compare-and-set takes if it has a transaction of its own. */
  readonly ratio: number
  readonly grouped_us: number
  readonly alone_us: number
  /** A small file, written and flushed. */
  readonly disk_flush_us: number
  /** A group of the largest size, 128: so long the event loop stands still. */
  readonly full_group_us: number
}

const fixed = (value: number): number => Number(value.toFixed(1))

/**
 * Measures group commit. It writes below the system's folder for temporary files, so on that disk.
 * @throws SkippedError without a Node 24, which has node:sqlite
 */
export const measureSqliteGroups = async ({
  rounds = 15,
  folder: parent = tmpdir(),
}: {
  readonly rounds?: number
  readonly folder?: string
} = {}): Promise<SqliteGroupFigures> => {
  const node = await requireNode24(SKIPPING)
  const folder = mkdtempSync(join(parent, 'rollcall-groups-'))
  try {
    const { stdout } = await promisify(execFile)(node, [HOST, folder, String(rounds)], {
      timeout: LIMIT_SECONDS * 1000,
      env: cleanEnvironment(),
    })
    const { grouped, alone, flush, fullGroup } = JSON.parse(stdout) as GroupTimes
    return {
      ratio: fixed(alone / grouped),
      grouped_us: fixed(grouped),
      alone_us: fixed(alone),
      disk_flush_us: fixed(flush),
      full_group_us: fixed(fullGroup),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
