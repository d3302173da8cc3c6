// Paths of database files that must be refused: SQLite and Deno KV would take them for a database in memory.

import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/base/errors.ts'
import { ledgerReader } from '../../../src/ledger/configured.ts'
import { createDenoKvLedger } from '../../../src/ledger/deno-kv.ts'
import { createSqliteLedger } from '../../../src/ledger/sqlite.ts'

const read = ledgerReader(['sqlite', 'deno-kv', 'redis', 'memory'])

const FORGETFUL = [
  ['a database in memory', ':memory:', /in memory.*write the path of a file/],
  ['a database in memory with something behind it', ':memory:?cache=shared', /in memory/],
  ['any name that begins with a colon', ':ledger.db', /in memory/],
  ['a URI of a database in memory', 'file::memory:', /file: URI.*write the plain path/],
  ['a URI in capitals', 'FILE::memory:', /file: URI/],
  ['a URI with mode=memory', 'file:/data/ledger.db?mode=memory', /file: URI/],
  ['a URI of the file system in memory', 'file:/ledger?vfs=memdb', /file: URI/],
  ['white space alone', ' ', /white space/],
  ['white space before the name', ' :memory:', /white space/],
  ['white space behind the name', '/data/ledger.db\t', /white space/],
  ['a line break in the name', '/data/\nledger.db', /control character/],
  ['a NUL, at which SQLite ends a name', ':memory:\u0000.db', /control character/],
  ['a byte order mark', '\uFEFF/data/ledger.db', /byte order mark \(BOM\)/],
] as const

describe('ROLLCALL_LEDGER with a path', () => {
  it.each(FORGETFUL)('sqlite: and deno-kv: refuse %s', (_, path, expected) => {
    for (const kind of ['sqlite', 'deno-kv']) {
      expect(() => read(`${kind}:${path}`)).toThrow(ConfigurationError)
      expect(() => read(`${kind}:${path}`)).toThrow(expected)
    }
  })

  it.each(['/data/ledger.db', 'ledger.db', './:memory:', 'my ledger.db', 'C:\\ledger.db'])(
    'sqlite: and deno-kv: take the file %s',
    (path) => {
      expect(read(`sqlite:${path}`)).toEqual({ kind: 'sqlite', path })
      expect(read(`deno-kv:${path}`)).toEqual({ kind: 'deno-kv', path })
    },
  )
})

describe('drivers with a path', () => {
  it.each([['nothing', '', /empty/] as const, ...FORGETFUL])(
    'createSqliteLedger() and createDenoKvLedger() refuse %s',
    (_, path, expected) => {
      for (const create of [createSqliteLedger, createDenoKvLedger]) {
        expect(() => create({ path })).toThrow(RangeError)
        expect(() => create({ path })).toThrow(expected)
      }
    },
  )
})
