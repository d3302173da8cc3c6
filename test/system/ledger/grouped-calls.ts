// A process that makes many calls to a SQLite ledger at once: `grouped-calls.ts PATH TASK`, for a Node that has
// node:sqlite, and for Deno. Prints what came of them, as JSON.

import process from 'node:process'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createSqliteLedger } from '../../../src/ledger/sqlite.ts'

/** What a task found. */
export interface GroupedCalls {
  /** What each call gave, in order: `stored`, a value, `none`, or the name and code of an error. */
  readonly answers?: readonly string[]
  /** How often `BEGIN IMMEDIATE` and `COMMIT` were run, also those that failed. */
  readonly transactions?: readonly [begun: number, ended: number]
  /** Calls that were answered, for a task that makes them for some time. */
  readonly answered?: number
}

const [path = '', task = ''] = process.argv.slice(2)
const NOW = 1_000
/** A value of the longest kind: a hundred of them are more than a small disk takes. */
const LONG = 'x'.repeat(4_000)
const AT_ONCE = 100
const HAMMERING_MS = 3_000

// The module of the runtime, with every statement noted, and a limit for the size of the file.

interface Statement {
  all(...bindings: (string | number | null)[]): unknown[]
}
interface Database {
  exec(text: string): void
  prepare(text: string): Statement
}
type DatabaseClass = new (path: string) => Database

const statements: string[] = []
/** Pages of 4,096 bytes that a file may have. */
let maxPages = 1_000_000
const builtin = process.getBuiltinModule.bind(process)
const { DatabaseSync } = builtin('node:sqlite') as unknown as { DatabaseSync: DatabaseClass }

class WatchedDatabase extends DatabaseSync {
  constructor(place: string) {
    super(place)
    super.exec(`PRAGMA max_page_count = ${maxPages}`)
  }

  override prepare(text: string): Statement {
    const statement = super.prepare(text)
    return {
      all: (...bindings) => {
        statements.push(text)
        return statement.all(...bindings)
      },
    }
  }
}
const watched = (name: string): unknown =>
  name === 'node:sqlite' ? { DatabaseSync: WatchedDatabase } : builtin(name)
process.getBuiltinModule = watched as typeof process.getBuiltinModule

const count = (text: string): number => statements.filter((each) => each === text).length
const transactions = () => [count('BEGIN IMMEDIATE'), count('COMMIT')] as const

const outcome = async (answer: Promise<unknown>): Promise<string> => {
  try {
    const found = await answer
    if (typeof found !== 'object') return (found as string | undefined) ?? 'none'
    const { stored, value } = found as { stored: boolean; value?: string }
    return stored ? 'stored' : `lost to ${value}`
  } catch (error) {
    const { name, code } = error as { name: string; code?: string }
    return code === undefined ? name : `${name} ${code}`
  }
}
const outcomes = (calls: readonly Promise<unknown>[]): Promise<string[]> =>
  Promise.all(calls.map(outcome))

const set = (ledger: Ledger, key: string, value = key) =>
  ledger.compareAndSet({ key, value }, undefined, NOW)
const times = <Result>(make: (i: number) => Result): Result[] =>
  Array.from({ length: AT_ONCE }, (_, i) => make(i))

/** More than fits, with a read in between. */
const tooMuch = (ledger: Ledger): Promise<unknown>[] => [
  ...times((i) => set(ledger, `long:${i}`, LONG)),
  ledger.read('small:kept', NOW),
]

const TASKS: Readonly<Record<string, (ledger: Ledger) => Promise<GroupedCalls>>> = {
  /** All for one key; and a call that is wrong in itself among others that are not. */
  async race(ledger) {
    const answers = await outcomes([
      ...times((i) => set(ledger, 'race:one', `${i}`)),
      ledger.list('race', { limit: 1, cursor: '!' }, NOW),
      ledger.read('race:one', NOW),
    ])
    return { answers, transactions: transactions() }
  },

  /** A group that does not fit, then what is there after it, and whether a small one fits. */
  async full(ledger) {
    await set(ledger, 'small:kept')
    const failed = await outcomes(tooMuch(ledger))
    const after = [ledger.read('small:kept', NOW), ...times((i) => ledger.read(`long:${i}`, NOW))]
    const found = await outcomes([...after, set(ledger, 'small:next')])
    return { answers: [...failed, ...found], transactions: transactions() }
  },

  /** As `full`, but the database says so itself, and then there is space. */
  async freed(ledger) {
    maxPages = 20
    await set(ledger, 'small:kept')
    const failed = await outcomes(tooMuch(ledger))
    maxPages = 1_000_000
    const found = await outcomes(tooMuch(ledger))
    return { answers: [...failed, ...found], transactions: transactions() }
  },

  /** What is there, as another process finds it. */
  async look(ledger) {
    const keys = ['small:kept', ...times((i) => `long:${i}`)]
    return { answers: await outcomes(keys.map((key) => ledger.read(key, NOW))) }
  },

  /** Writes without end, many at once. */
  async hammer(ledger) {
    const end = Date.now() + HAMMERING_MS
    let answered = 0
    const failures: string[] = []
    const caller = async (_: unknown, i: number): Promise<void> => {
      for (let n = 0; Date.now() < end; n++) {
        const found = await outcome(set(ledger, `hammer:${process.pid}-${i}-${n}`))
        if (found === 'stored') answered++
        else failures.push(found)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, caller))
    return { answered, answers: failures }
  },
}

const ledger = createSqliteLedger({ path })
const found = await TASKS[task]?.(ledger)
ledger.close()
process.stdout.write(`${JSON.stringify(found)}\n`)
