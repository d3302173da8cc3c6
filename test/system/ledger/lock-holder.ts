// Holds the write locks of SQLite files until it is ended: `lock-holder.ts PATH...`, in Deno.

import process from 'node:process'

interface Database {
  exec(statement: string): void
}
const { DatabaseSync } = process.getBuiltinModule('node:sqlite') as {
  DatabaseSync: new (path: string) => Database
}

const databases = process.argv.slice(2).map((path) => {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA busy_timeout = 5000')
  database.exec('BEGIN EXCLUSIVE')
  return database
})
console.log('locked')
setInterval(() => databases, 1000)
