// Prints what a SQLite file of the ledger has under the keys on standard input, as JSON:
// `killed-read-sqlite.ts PATH`, for a Node that has node:sqlite.

import process from 'node:process'

interface Database {
  prepare(statement: string): { all(...bindings: string[]): Record<string, unknown>[] }
  close(): void
}

const { DatabaseSync } = process.getBuiltinModule('node:sqlite') as unknown as {
  DatabaseSync: new (path: string) => Database
}

const [path = ''] = process.argv.slice(2)
let keys = ''
for await (const part of process.stdin.setEncoding('utf8')) keys += String(part)

const database = new DatabaseSync(path)
const rows = database
  .prepare('SELECT key, value FROM ledger WHERE key IN (SELECT value FROM json_each(?))')
  .all(keys)
database.close()
console.log(JSON.stringify(rows.map(({ key, value }) => [key, value])))
