// The ledger in a SQLite file, in Node 24: the contract, and what the driver does beyond it.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { requireNode24 } from '../../support/node24.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { ROOT } from '../../support/sources.ts'
import { describeLedger } from '../../cases/ledger/contract.ts'
import { type FileStore, denoHost, nodeHost, openFileStore } from './hosted-store.ts'
import { forEachNumber, newKey } from '../../cases/ledger/keys.ts'
import { expectOneWinnerAmong, expectRefusedWhileLocked } from '../../cases/ledger/shared-file.ts'

const SQLITE = join(ROOT, 'src/ledger/sqlite.ts')

describeLedger('a SQLite file, Node 24', async (context) =>
  openFileStore(nodeHost('sqlite', await requireNode24(context))),
)

/** Hands a store to `use`, and closes it. */
const withStore = async (
  opening: Promise<FileStore>,
  use: (store: FileStore) => Promise<void>,
): Promise<void> => {
  const store = await opening
  try {
    await use(store)
  } finally {
    await store.close()
  }
}

/** Runs a module's text in a Node 24. @returns what it writes, as JSON */
const evaluate = async (node: string, script: string, flags: readonly string[] = []) => {
  const args = [...flags, '--input-type=module', '-e', script]
  const { stdout } = await promisify(execFile)(node, args, { env: cleanEnvironment() })
  return JSON.parse(stdout) as unknown
}

describe('createSqliteLedger()', () => {
  it('has one winner of callers in two processes, Node and Deno, on one file', async (context) => {
    const node = nodeHost('sqlite', await requireNode24(context))
    await withStore(openFileStore(node), async (first) => {
      const second = openFileStore(denoHost('sqlite'), first.folder)
      await withStore(second, (deno) => expectOneWinnerAmong(first, deno))
    })
  })

  it('refuses within seconds while another process holds the lock', async () => {
    await withStore(openFileStore(denoHost('sqlite')), expectRefusedWhileLocked)
  })

  it('cleans by the way what expired a day ago, by the clock and by `now`, and nothing else', async (context) => {
    const node = await requireNode24(context)
    await withStore(openFileStore(nodeHost('sqlite', node)), async ({ ledger, path }) => {
      const now = Math.floor(Date.now() / 1000)
      const countRows = (): Promise<unknown> =>
        evaluate(
          node,
          `import { DatabaseSync } from 'node:sqlite'
           const database = new DatabaseSync(${JSON.stringify(path)})
           console.log(database.prepare('SELECT count(*) AS n FROM ledger').get().n)`,
        )
      const store = (expiresAt: number | undefined, at: number): Promise<unknown> =>
        ledger.compareAndSet({ key: newKey(), value: 'x', expiresAt }, undefined, at)
      const past = now - 1_000_000
      await forEachNumber(500, () => store(past + 10, past))
      expect(await countRows()).toBe(500)
      // Less than a day ago, by the clock of the caller.
      await forEachNumber(100, () => store(undefined, past + 86_000))
      expect(await countRows()).toBe(600)
      await forEachNumber(300, () => store(undefined, now))
      expect(await countRows()).toBe(400)
    })
  })

  it('opens the file again after close()', async (context) => {
    const node = await requireNode24(context)
    await withStore(openFileStore(nodeHost('sqlite', node)), async ({ path }) => {
      const found = await evaluate(
        node,
        `import { createSqliteLedger } from ${JSON.stringify(SQLITE)}
         const ledger = createSqliteLedger({ path: ${JSON.stringify(path)} })
         ledger.close()
         await ledger.compareAndSet({ key: 'a:b', value: 'v' }, undefined, 1)
         ledger.close()
         const value = await ledger.read('a:b', 1)
         ledger.close()
         console.log(JSON.stringify(value))`,
      )
      expect(found).toBe('v')
    })
  })

  it('says which runtimes have node:sqlite where it is missing', async (context) => {
    const node = await requireNode24(context)
    const script = `import { createSqliteLedger } from ${JSON.stringify(SQLITE)}
      const ledger = createSqliteLedger({ path: '/nowhere/ledger.db' })
      const { code, message } = await ledger.read('a:b', 1).catch((error) => error)
      console.log(JSON.stringify({ code, message }))`
    expect(await evaluate(node, script, ['--no-experimental-sqlite'])).toEqual({
      code: 'ledger_unfit',
      message: expect.stringMatching(/22\.13.*24.*Deno/),
    })
    expect(await evaluate(node, script)).toMatchObject({
      code: 'ledger_unavailable',
      message: expect.not.stringContaining('22.13'),
    })
  })
})
