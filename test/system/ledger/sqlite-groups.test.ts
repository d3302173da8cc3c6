// Group commit on the real SQLite, in Node 24 and in Deno: calls that wait at the same time share a transaction, and
// what becomes of it.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type TestContext, afterEach, describe, expect, it } from 'vitest'
import { requireNode24 } from '../../support/node24.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { ROOT } from '../../support/sources.ts'
import { DENO } from '../../support/start-service.ts'
import type { GroupedCalls } from './grouped-calls.ts'

const SCRIPT = join(ROOT, 'test/system/ledger/grouped-calls.ts')
const AT_ONCE = 100
const LIMIT_SECONDS = 30
const UNAVAILABLE = 'LedgerUnavailableError ledger_unavailable'
const LONG = 'x'.repeat(4_000)
/** In blocks of 512 bytes: more than the file of the shared memory has, less than a hundred long values. */
const FILE_LIMIT_BLOCKS = 200

const times = <Value>(value: Value): Value[] => Array.from({ length: AT_ONCE }, () => value)

type Command = (context: TestContext) => Promise<readonly string[]>

const RUNTIMES: readonly (readonly [string, Command])[] = [
  ['Node 24', async (context) => [await requireNode24(context)]],
  ['Deno', async () => [DENO, 'run', '--no-prompt', '--no-lock', '--cached-only', '-A']],
]

describe.each(RUNTIMES)('group commit on %s', (_, command) => {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })

  const open = async (context: TestContext) => {
    const words = await command(context)
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-groups-'))
    folders.push(folder)
    const path = join(folder, 'ledger.db')
    /** @param limit shell commands that come first */
    return async (task: string, limit = ':'): Promise<GroupedCalls> => {
      // A process that may not write more is sent a signal; without it, the call to write fails.
      const shell = `trap '' XFSZ; ${limit}; exec "$@"`
      const { stdout } = await promisify(execFile)(
        'sh',
        ['-c', shell, 'sh', ...words, SCRIPT, path, task],
        { env: cleanEnvironment(), timeout: LIMIT_SECONDS * 1000 },
      )
      return JSON.parse(stdout) as GroupedCalls
    }
  }

  it('has one winner of 100 callers in one transaction, in which a wrong cursor fails alone', async (context) => {
    const run = await open(context)
    const { answers, transactions } = await run('race')
    const losers = times('lost to 0').slice(1)
    expect(answers).toEqual(['stored', ...losers, 'RangeError', '0'])
    expect(transactions).toEqual([1, 1])
  })

  it('fails all of a group whose COMMIT the disk refuses, and stores nothing of it', async (context) => {
    const run = await open(context)
    const { answers, transactions } = await run('full', `ulimit -f ${FILE_LIMIT_BLOCKS}`)
    expect(transactions).toEqual([3, 3])
    const failed = [...times(UNAVAILABLE), UNAVAILABLE]
    const kept = ['small:kept', ...times('none')]
    expect(answers).toEqual([...failed, ...kept, 'stored'])
    expect((await run('look')).answers).toEqual(kept)
  })

  it('fails all of a group while the database is full, and stores it once there is space', async (context) => {
    const run = await open(context)
    const { answers, transactions } = await run('freed')
    // One of them failed before its COMMIT.
    expect(transactions).toEqual([3, 2])
    const failed = [...times(UNAVAILABLE), UNAVAILABLE]
    expect(answers).toEqual([...failed, ...times('stored'), 'small:kept'])
    expect((await run('look')).answers).toEqual(['small:kept', ...times(LONG)])
  })

  it('fails no call of two processes that write all the time, and both advance', async (context) => {
    const run = await open(context)
    const both = await Promise.all([run('hammer'), run('hammer')])
    console.log(`calls answered: ${both.map(({ answered }) => answered).join(' and ')}`)
    for (const { answered, answers } of both) {
      expect(answers).toEqual([])
      expect(answered).toBeGreaterThan(2 * AT_ONCE)
    }
  })
})
