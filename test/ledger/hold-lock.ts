// Holds the write lock of a SQLite file until it is ended: `hold-lock.ts PATH`, in Deno.

import process from 'node:process'

interface Database {
  exec(statement: string): void
}
const { DatabaseSync } = process.getBuiltinModule('node:sqlite') as {
  DatabaseSync: new (path: string) => Database
}

const database = new DatabaseSync(process.argv[2] ?? '')
database.exec('PRAGMA busy_timeout = 5000')
database.exec('BEGIN EXCLUSIVE')
console.log('locked')
setInterval(() => database, 1000)
