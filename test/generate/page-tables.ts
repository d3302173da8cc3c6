// The tables of the pages that are made from tables of the code.

import { OPERATOR_CALLS, type OperatorCall } from '../../src/base/wire/operator-calls.ts'
import type { Variable, Variables } from '../../src/config/variable.ts'
import { VARIABLES } from '../../src/config/variables.ts'
import { OPERATOR_SCHEMAS } from '../../src/http/request/schemas.ts'
import { readProjectFile } from '../support/sources.ts'
import { markdownTable, withTables } from './markdown-table.ts'

const code = (text: string): string => `\`${text}\``

const takenBy = ({ query, request }: OperatorCall): string => {
  const fields = Object.entries(request === undefined ? {} : OPERATOR_SCHEMAS[request].entries)
  return [
    ...(query ?? []).map((name) => code(`?${name}=`)),
    ...fields.map(([name, { type }]) => code(type === 'optional' ? `${name}?` : name)),
  ].join(', ')
}

/** A row for each call of operators. */
export const operatorTable = (calls: Readonly<Record<string, OperatorCall>>): string =>
  markdownTable(
    ['call', 'scope', 'takes', 'what it does', 'answers'],
    Object.values(calls).map((call) => [
      code(`${call.method} ${call.path.replaceAll(/:(\w+)/g, '{$1}')}`),
      code(call.scope),
      takenBy(call),
      call.summary,
      call.answer === undefined ? 'no body' : code(call.answer),
    ]),
  )

const defaultOf = ({ missing, shownDefault, unit }: Variable<unknown>): string => {
  if (shownDefault !== undefined) return shownDefault
  const without = missing({})
  if ('hint' in without) return 'required'
  return `${code(String(without.value))}${unit === undefined ? '' : ` ${unit}`}`
}

/** A row for each variable of the configuration. */
export const variableTable = (rows: Variables): string =>
  markdownTable(
    ['name', 'default', 'secret', 'where', 'meaning'],
    Object.values(rows).map((row) => [
      code(row.name),
      defaultOf(row),
      row.secret ? 'yes' : '',
      row.where,
      row.documentation,
    ]),
  )

/** The pages with such tables, and the tables of each by the name of their place. */
const PAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'docs/configuration.md': { configuration: variableTable(VARIABLES) },
  'docs/http.md': { 'calls of operators': operatorTable(OPERATOR_CALLS) },
}

/** A page with its tables as the code has them now. */
export interface GeneratedPage {
  /** Relative to the root. */
  readonly path: string
  readonly text: string
}

/** Every page that has generated tables. */
export const generatedPages = (): GeneratedPage[] =>
  Object.entries(PAGES).map(([path, tables]) => ({
    path,
    text: withTables(readProjectFile(path), tables),
  }))
