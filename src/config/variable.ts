// One variable of the configuration, as a row of a table.

import type { KeyOptions } from '../base/crypto.ts'
import type { Result } from '../base/result.ts'
import type { LedgerConfig } from '../ledger/configured.ts'

/** Reads a file: its bytes, or its text where the runtime has decoded it. */
export type ReadFile = (path: string) => Promise<Uint8Array | string>

/** What differs from runtime to runtime. */
export interface RuntimeOptions extends KeyOptions {
  /** Reads `ROLLCALL_LEDGER`. Absent: the runtime has a ledger of its own, and accepts no other. */
  readonly readLedger?: (text: string) => LedgerConfig
  /** The ledger where `ROLLCALL_LEDGER` is not set. Absent: it must be set. */
  readonly defaultLedger?: LedgerConfig
  /** Reads the file that a `NAME_FILE` variable names. Absent: there is no file system. */
  readonly readFile?: ReadFile
}

/** A value, or a line for each problem with it: no secret, no name of the variable in front. */
export type Parsed<Value> = Result<Value, readonly string[]>

/** What applies if a variable is not set: its value, or a hint of what to set. */
export type Missing<Value> = { readonly value: Value } | { readonly hint: string }

/** One variable. */
export interface Variable<Value> {
  /** Its name in the environment. */
  readonly name: string
  /** Whether its value must stay secret. */
  readonly secret: boolean
  /** Whether `NAME_FILE` may name a file that holds the value. */
  readonly file: boolean
  /** Where it is read; a Worker has no host or port. */
  readonly where: 'everywhere' | 'not on Workers'
  /** What applies if it is not set. */
  missing(runtime: RuntimeOptions): Missing<Value>
  /** Reads its text, which is not empty. */
  parse(text: string, runtime: RuntimeOptions): Parsed<Value> | Promise<Parsed<Value>>
}

/** Variables by the property that their value has in the configuration, in the order of their problems. */
export type Variables = Readonly<Record<string, Variable<unknown>>>

/** The values of variables. */
export type ValuesOf<Rows extends Variables> = {
  readonly [Property in keyof Rows]: Rows[Property] extends Variable<infer Value> ? Value : never
}

/** What is appended to a name whose value is in a file. */
export const FILE = '_FILE'

/** The names of variables, and the `NAME_FILE` names of those that a file can hold. */
export const namesOf = (rows: Variables): string[] => {
  const all = Object.values(rows)
  const files = all.filter(({ file }) => file)
  return [...all.map(({ name }) => name), ...files.map(({ name }) => name + FILE)]
}
