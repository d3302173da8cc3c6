// Stores instances in a new SQLite file through the driver and prints by how many bytes the file grew,
// after VACUUM: `fill-sqlite.ts PATH COUNT`, for a Node that has node:sqlite.

import { statSync } from 'node:fs'
import process from 'node:process'
import { createSqliteLedger } from '../../../src/ledger/sqlite.ts'
import { instanceEntry } from '../../cases/ledger/instance-entries.ts'

const [path = '', count] = process.argv.slice(2)
const now = Math.floor(Date.now() / 1000)

interface Database {
  exec(statement: string): void
  close(): void
}

const { DatabaseSync } = process.getBuiltinModule('node:sqlite') as unknown as {
  DatabaseSync: new (path: string) => Database
}

/** The size of the file, with everything in it and nothing left free. */
const sizeOf = (): number => {
  const database = new DatabaseSync(path)
  database.exec('VACUUM')
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  return statSync(path).size
}

const ledger = createSqliteLedger({ path })
// Makes the tables.
await ledger.read('instance:none', now)
const before = sizeOf()
for (let i = 0; i < Number(count); i++) {
  const swap = await ledger.compareAndSet(instanceEntry(i), undefined, now)
  if (!swap.stored) throw new Error('an instance that is there already')
}
ledger.close()
console.log(JSON.stringify({ bytes: sizeOf() - before }))
