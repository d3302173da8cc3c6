// The tables of the pages that are made from tables of the code.

import { CSR_REASONS, type CsrReason } from '../../src/admit/kubernetes/csr-reasons.ts'
import { OPERATOR_CALLS, type OperatorCall } from '../../src/base/wire/operator-calls.ts'
import type { Variable, Variables } from '../../src/config/variable.ts'
import { VARIABLES } from '../../src/config/variables.ts'
import { DISCLOSED } from '../../src/enroll/enrollment.ts'
import { jsonSchemaOf } from '../../src/http/openapi/json-schema.ts'
import { PROBLEMS, type ProblemCode } from '../../src/http/problems.ts'
import {
  AuthorizeQuery,
  OPERATOR_SCHEMAS,
  REQUEST_SCHEMAS,
  type RequestSchema,
} from '../../src/http/request/schemas.ts'
import { RENEWALS } from '../../src/policy/renewal.ts'
import { readProjectFile } from '../support/sources.ts'
import { APPROVER_REMEDIES } from './approver-remedies.ts'
import { AUDIT_MEMBERS } from './audit-members.ts'
import { REASON_GROUPS, type ReasonEntry } from './audit-reasons.ts'
import { DISCOVERY_RULES } from './discovery-rules.ts'
import { DISCLOSED_REASONS, ERROR_CODES, EXCHANGE_ERRORS } from './error-codes.ts'
import { configurationExample, policyExample } from './problem-examples.ts'
import { commandTables } from './command-tables.ts'
import { layerPicture } from './layer-picture.ts'
import { markdownTable, withTables } from './markdown-table.ts'
import { moduleExamples } from './module-examples.ts'
import { OPERATOR_COMMANDS } from './operator-texts.ts'
import { MATCH_FIELDS, RULE_PROTECTION } from './policy-texts.ts'
import { byHandTable } from './by-hand.ts'
import { recipeFences, recipeTable, withFences } from './recipes.ts'
import { badTokenTable, doorTable } from './relying-parties.ts'
import { VARIABLE_TEXTS, type VariableText } from './variable-texts.ts'

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

const defaultOf = (
  { missing }: Variable<unknown>,
  { shownDefault, unit }: VariableText,
): string => {
  if (shownDefault !== undefined) return shownDefault
  const without = missing({})
  if ('hint' in without) return 'required'
  return `${code(String(without.value))}${unit === undefined ? '' : ` ${unit}`}`
}

/** A row for each variable of the configuration. @param texts what is said of each, in the same order */
export const variableTable = (rows: Variables, texts: readonly VariableText[]): string =>
  markdownTable(
    ['name', 'default', 'secret', 'where', 'meaning'],
    texts.flatMap((text, at) => {
      const row = Object.values(rows)[at]
      if (row === undefined) return []
      const cells = [code(row.name), defaultOf(row, text), row.secret ? 'yes' : '', row.where]
      return [[...cells, text.meaning]]
    }),
  )

/** A table of variables for each topic. */
const variableTables = (): Record<string, string> => {
  const all = Object.entries(VARIABLES).map(([property, row]) => ({
    property,
    row,
    text: VARIABLE_TEXTS[property as keyof typeof VARIABLES],
  }))
  const topics = [...new Set(all.map(({ text }) => text.topic))]
  return Object.fromEntries(
    topics.map((topic) => {
      const own = all.filter(({ text }) => text.topic === topic)
      const rows = Object.fromEntries(own.map(({ property, row }) => [property, row]))
      const texts = own.map(({ text }) => text)
      return [`variables: ${topic}`, variableTable(rows, texts)]
    }),
  )
}

const memberTable = (): string =>
  markdownTable(
    ['member', 'present', 'meaning'],
    Object.entries(AUDIT_MEMBERS).map(([name, { present, meaning }]) => [
      code(name),
      present,
      meaning,
    ]),
  )

const listed = (texts: readonly string[]): string => texts.map(code).join(', ')

/** A row for each reason of a group. Codes and events are shown where they differ, and what the client sees. */
const reasonTable = (group: Readonly<Record<string, ReasonEntry>>): string => {
  const rows = Object.entries(group)
  const disclosed: Readonly<Record<string, string | undefined>> = DISCLOSED
  const differ = (valueOf: (entry: ReasonEntry) => string): boolean =>
    new Set(rows.map(([, entry]) => valueOf(entry))).size > 1
  const columns: (readonly [head: string, cell: (reason: string, entry: ReasonEntry) => string])[] =
    [
      ['reason', (reason) => code(reason)],
      ['what happened', (_, { happened }) => happened],
      ['what to do', (_, { remedy }) => remedy],
    ]
  if (differ(({ codes }) => listed(codes))) columns.push(['code', (_, { codes }) => listed(codes)])
  if (differ(({ events }) => listed(events)))
    columns.push(['event', (_, { events }) => listed(events)])
  if (rows.some(([reason]) => disclosed[reason] !== undefined)) {
    columns.push([
      'the client reads',
      (reason) => (disclosed[reason] === undefined ? '' : code(disclosed[reason])),
    ])
  }
  return markdownTable(
    columns.map(([head]) => head),
    rows.map(([reason, entry]) => columns.map(([, cell]) => cell(reason, entry))),
  )
}

const reasonTables = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(REASON_GROUPS).map(([name, group]) => [`reasons: ${name}`, reasonTable(group)]),
  )

const codeTable = (): string =>
  markdownTable(
    ['code', 'status', 'when', 'what a client does'],
    Object.entries(ERROR_CODES).map(([name, { when, client }]) => [
      code(name),
      String(PROBLEMS[name as ProblemCode][0]),
      when,
      client,
    ]),
  )

const disclosedTable = (): string =>
  markdownTable(
    ['reason', 'when', 'what to do'],
    Object.entries(DISCLOSED_REASONS).map(([name, { when, client }]) => [code(name), when, client]),
  )

const exchangeErrorTable = (): string =>
  markdownTable(
    ['error', 'when', 'what a client does'],
    Object.entries(EXCHANGE_ERRORS).map(([name, { when, client }]) => [code(name), when, client]),
  )

/** A row for each rule; those that we do not follow say why. */
const discoveryTable = (): string =>
  markdownTable(
    ['standard', 'rule', 'rollcall has', 'follows it'],
    DISCOVERY_RULES.map(({ source, rule, ours, deviation }) => [
      source,
      rule,
      ours,
      deviation === undefined ? 'yes' : `**no**: ${deviation}`,
    ]),
  )

/** A row for each field of a request. */
const fieldTable = (fields: RequestSchema): string => {
  const schema = jsonSchemaOf(fields) as {
    readonly required: readonly string[]
    readonly properties: Readonly<Record<string, { pattern?: string; description?: string }>>
  }
  return markdownTable(
    ['field', 'required', 'pattern', 'meaning'],
    Object.entries(schema.properties).map(([field, { pattern, description }]) => [
      code(field),
      schema.required.includes(field) ? 'yes' : '',
      pattern === undefined ? 'not empty' : code(pattern),
      description ?? '',
    ]),
  )
}

const ACTIONS = { approve: 'approves', deny: 'denies', leave: 'leaves it' } as const

/** A row for each reason of the approver of Kubernetes. */
const approverTable = (): string =>
  markdownTable(
    ['reason', 'the approver', 'when', 'what to do'],
    Object.entries(CSR_REASONS).map(([reason, { action, means }]) => [
      code(reason),
      ACTIONS[action],
      means,
      APPROVER_REMEDIES[reason as CsrReason],
    ]),
  )

/** A row for each call of operators: how to make it by the command. */
const commandTable = (): string =>
  markdownTable(
    ['command', 'effect', 'scope', 'HTTP'],
    Object.entries(OPERATOR_COMMANDS).map(([action, [command, effect]]) => {
      const { method, path, scope } = OPERATOR_CALLS[action as keyof typeof OPERATOR_CALLS]
      const address = path
        .replace(':account/:region/:instance', '...')
        .replace(':kind/:value', '...')
      return [code(`rollcall admin ${command}`), effect, code(scope), code(`${method} ${address}`)]
    }),
  )

const matchTable = (): string =>
  markdownTable(
    ['field', 'example', 'a value is'],
    Object.entries(MATCH_FIELDS).map(([field, [example, value]]) => [
      code(field),
      code(example),
      value,
    ]),
  )

const ruleTable = (): string =>
  markdownTable(
    ['`reenrollment`', 'renewal', 'somebody who can use the metadata service of the instance'],
    Object.entries(RULE_PROTECTION).map(([rule, protection]) => [
      code(rule),
      RENEWALS[rule as keyof typeof RENEWALS].meaning.replace(/\((.*)\)/, '(`$1`)'),
      protection,
    ]),
  )

/** The pages with such tables, and the tables of each by the name of their place. */
const pages = async (): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> => ({
  'docs/audit.md': { members: memberTable(), ...reasonTables() },
  'docs/command.md': commandTables(),
  'docs/configuration.md': {
    ...variableTables(),
    'problems of a configuration': await configurationExample(),
  },
  'docs/http.md': {
    'fields of a challenge': fieldTable(REQUEST_SCHEMAS.ChallengeRequest),
    'fields of an enrollment': fieldTable(REQUEST_SCHEMAS.EnrollRequest),
    'parameters of an exchange': fieldTable(REQUEST_SCHEMAS.TokenRequest),
    'errors of an exchange': exchangeErrorTable(),
    'rules of discovery': discoveryTable(),
    'parameters of an authorization': fieldTable(AuthorizeQuery),
    'error codes': codeTable(),
    'reasons of an answer': disclosedTable(),
    'calls of operators': operatorTable(OPERATOR_CALLS),
  },
  'docs/library.md': moduleExamples(),
  'docs/operators.md': { 'commands of operators': commandTable() },
  'docs/policy.md': {
    'match fields': matchTable(),
    reenrollment: ruleTable(),
    'problems of a policy': await policyExample(),
  },
  'docs/use/README.md': {
    'bad tokens': badTokenTable(),
    'bad tokens at doors': doorTable(),
    'bad tokens by hand': byHandTable(),
  },
  'docs/use/recipes.md': { recipes: recipeTable() },
  'docs/use/kubernetes-approver.md': { 'reasons of the approver': approverTable() },
  'src/README.md': { layers: layerPicture() },
})

/** A page with its tables as the code has them now. */
export interface GeneratedPage {
  /** Relative to the root. */
  readonly path: string
  readonly text: string
}

/** Every page that has generated tables or fences. */
export const generatedPages = async (): Promise<GeneratedPage[]> => {
  const [tables, fences] = [await pages(), recipeFences()]
  return [...new Set([...Object.keys(tables), ...Object.keys(fences)])].map((path) => ({
    path,
    text: withFences(withTables(readProjectFile(path), tables[path] ?? {}), fences[path] ?? {}),
  }))
}
