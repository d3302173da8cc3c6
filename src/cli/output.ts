// What subcommands print: JSON for programs, tables for people. Texts of the service have their
// control characters escaped before they reach a terminal.

import { printable } from '../base/text.ts'
import { thisRun } from './run.ts'

export { printable }

/** Writes lines to standard output. */
export const print = (...lines: readonly string[]): void =>
  void thisRun().stdout.write(lines.map((line) => `${line}\n`).join(''))

/** Writes a value as one line of JSON. */
export const printJson = (value: unknown): void => print(printable(JSON.stringify(value)))

/** A time as RFC 3339 in UTC. @param seconds Unix seconds; absent: a dash */
export const timeText = (seconds: number | undefined): string =>
  seconds === undefined ? '-' : new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')

const isDecorated = (): boolean => {
  const { stdout, env } = thisRun()
  return stdout.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
}

const bold = (text: string): string => (isDecorated() ? `\u001b[1m${text}\u001b[0m` : text)

/**
 * Lines with their columns aligned. Put texts of unknown width, such as names that people choose,
 * last.
 */
const aligned = (rows: readonly (readonly string[])[]): string[] => {
  const widths: number[] = []
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  }
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** Prints a table; nothing if it has no rows. */
export const printTable = (
  header: readonly string[],
  rows: readonly (readonly string[])[],
): void => {
  if (rows.length === 0) return
  const [top = '', ...lines] = aligned([header, ...rows.map((row) => row.map(printable))])
  print(bold(top), ...lines)
}

/** Prints names and values, one a line; those without a value are left out. */
export const printMembers = (members: readonly (readonly [string, string | undefined])[]): void => {
  const rows = members.flatMap(([name, value]) =>
    value === undefined ? [] : [[printable(name), printable(value)]],
  )
  print(...aligned(rows))
}
