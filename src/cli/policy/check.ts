// `rollcall policy check`: shows every problem of a policy, and what the policy decides about a
// document.

import type { Command } from 'commander'
import { type Bytes, utf8 } from '../../base/bytes.ts'
import { ConfigurationError, InstanceIdentityError } from '../../base/errors.ts'
import { readIdentityDocument } from '../../codec/identity-document.ts'
import { type Policy, ROLE_PATTERN, parsePolicy } from '../../policy/policy.ts'
import { renewalsOf } from '../../policy/renewal.ts'
import { tokensOf } from '../../policy/tokens.ts'
import { policyWarnings } from '../../policy/warnings.ts'
import { usageError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { say } from '../say.ts'
import { addMoreHelp } from '../help.ts'
import { asText, fileArgument, readInput } from '../named-file.ts'
import { print, printJson, printTable, printable } from '../output.ts'
import { type Explanation, explain } from '../../policy/explain.ts'
import { thisRun } from '../run.ts'
import { jsonPlace, repeatedKey } from './json-place.ts'

interface CheckOptions {
  readonly document?: string
  readonly role?: string
  readonly json?: true
}

const LF = 0x0a
const CR = 0x0d

/** Without the one line end that tools append, as in the verification. */
const withoutLineEnd = (bytes: Bytes): Bytes => {
  if (bytes.at(-1) !== LF) return bytes
  return bytes.subarray(0, bytes.at(-2) === CR ? -2 : -1)
}

const REASONS: Readonly<Record<NonNullable<Explanation['reason']>, string>> = {
  account_not_allowed: 'no role, or not the requested role, names its account',
  role_not_matched: 'the requested role names its account, but does not match',
  no_role_matches: 'a role names its account, but none matches',
  role_unknown: 'the requested role does not exist',
}

/** Whether a text is an identity document, which somebody may have named in place of the policy. */
const isDocument = (text: string): boolean => {
  try {
    readIdentityDocument(utf8(text.trim()))
    return true
  } catch {
    return false
  }
}

const problemsOf = (text: string): Policy | readonly string[] => {
  try {
    return parsePolicy(text)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const place = jsonPlace(text)
    if (place !== undefined) return [`${place}: expected JSON`]
    const repeated = repeatedKey(text)
    if (repeated === undefined) return error.problems
    return [`${repeated.place}: the key ${repeated.key} occurs twice; remove one`]
  }
}

const tryDocument = (policy: Policy, bytes: Bytes, path: string, role?: string): Explanation => {
  try {
    return explain(policy, withoutLineEnd(bytes), role)
  } catch (error) {
    if (!(error instanceof InstanceIdentityError)) throw error
    throw usageError(
      `--document: ${path}: ${error.message}; save the answer of ` +
        '.../dynamic/instance-identity/document as it is',
    )
  }
}

const printExplanation = ({ role, reason, rule, document, roles }: Explanation): void => {
  const who = `${document.instanceId} of account ${document.ownerAccountId}`
  if (role !== undefined) print(`admitted: ${printable(who)} gets the role ${role}`)
  else if (reason !== undefined) {
    print(`refused: ${printable(who)}: ${reason}, ${REASONS[reason]}`)
    if (rule !== undefined) print(`rule: ${rule}`)
  }
  printTable(
    ['ROLE', 'MATCHES', 'FIELD', 'DOCUMENT HAS', 'POLICY ALLOWS'],
    roles.map((it) => [
      it.role,
      it.matches ? 'yes' : 'no',
      it.field ?? '-',
      it.found ?? '-',
      it.allowed?.join(', ') ?? '-',
    ]),
  )
}

const printRenewals = (policy: Policy): void =>
  printTable(
    ['ROLE', 'REENROLLMENT', 'TOKEN', 'RENEWAL'],
    renewalsOf(policy).map((it) => [
      it.role,
      it.reenrollment,
      `${it.lifetimeSeconds} s`,
      it.meaning,
    ]),
  )

const printTokens = (policy: Policy): void =>
  printTable(
    ['ROLE', 'AUDIENCE', 'BY', 'TOKEN', 'BOUND TO A KEY'],
    tokensOf(policy).map((it) => [
      it.role,
      it.audience.map(printable).join(', '),
      it.by,
      `${it.lifetimeSeconds} s`,
      it.meaning,
    ]),
  )

const tokensJson = (policy: Policy): readonly object[] =>
  tokensOf(policy).map(({ lifetimeSeconds, ...rest }) => ({
    ...rest,
    lifetime_seconds: lifetimeSeconds,
  }))

const renewalJson = (policy: Policy): readonly object[] =>
  renewalsOf(policy).map(({ lifetimeSeconds, ...rest }) => ({
    ...rest,
    lifetime_seconds: lifetimeSeconds,
  }))

const check = async (path: string, { document, role, json }: CheckOptions): Promise<void> => {
  if (role !== undefined && document === undefined) throw usageError('--role needs --document')
  if (role !== undefined && !ROLE_PATTERN.test(role)) {
    throw usageError(`--role: expected a name like ${ROLE_PATTERN.source}`)
  }
  if (path === '-' && document === '-') {
    throw usageError('only one of FILE and --document can come from standard input')
  }
  const text = asText(await readInput(path, 'FILE'), path, 'FILE')
  if (isDocument(text)) {
    throw usageError(
      `FILE: ${path} is an identity document; name the policy first, then --document`,
    )
  }
  const policy = problemsOf(text)
  if (!('roles' in policy)) {
    if (json) printJson({ valid: false, problems: policy })
    else
      print(
        `${printable(path)}: ${policy.length} ${policy.length === 1 ? 'problem' : 'problems'}`,
        ...policy.map((it) => `  ${printable(it)}`),
      )
    thisRun().exitWith(EXIT.notGood)
    return
  }
  const roles = policy.roles.map(({ name }) => name)
  const warnings = policyWarnings(policy)
  if (!json) for (const warning of warnings) say(`warning: ${warning}`)
  const good = {
    valid: true,
    problems: [],
    warnings,
    roles,
    renewal: renewalJson(policy),
    tokens: tokensJson(policy),
  }
  if (document === undefined) {
    if (json) return printJson(good)
    print(`${printable(path)}: valid, ${roles.length === 1 ? 'role' : 'roles'} ${roles.join(', ')}`)
    printRenewals(policy)
    print('')
    printTokens(policy)
    return
  }
  const outcome = tryDocument(policy, await readInput(document, '--document'), document, role)
  if (json) {
    const { role: given, reason, rule, field } = outcome
    const admitted = given !== undefined
    const decision = { admitted, role: given, reason, rule, field, roles: outcome.roles }
    printJson({ ...good, decision })
  } else printExplanation(outcome)
  if (outcome.role === undefined) thisRun().exitWith(EXIT.notGood)
  else say('bans and earlier enrollments of the instance can still refuse it')
}

/** Adds the subcommand. */
export const addPolicy = (program: Command): void => {
  const policy = program.command('policy').description('Check a policy before it is deployed.')
  const command = policy
    .command('check')
    .description('Show every problem of a policy, and what it decides about an instance.')
    .addArgument(fileArgument('<FILE>', 'the policy, JSON'))
    .option('--document <file>', 'try it on the identity document of an instance')
    .option('--role <name>', 'the role that the instance asks for (default: none)')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(check)
  addMoreHelp(command, {
    examples: [
      'rollcall policy check policy.json',
      'rollcall policy check policy.json --document document.json --role worker',
      'curl -s http://100.100.100.200/latest/dynamic/instance-identity/document |',
      '  rollcall policy check policy.json --document -',
    ],
    more: `Without --document it shows for each role how an instance renews its token, and which tokens of the
role are bound to a key: those of enrollments, and those that they can be exchanged for. An instance has one
record for all roles: the weakest rule of the roles that it matches decides. Under "never" an enrollment
in any role counts. With --document it shows which role the instance gets, or which rule and field refuse
it. It does not check that the cloud signed the document; \`rollcall verify\` does.`,
    exits: '0 valid (and admitted), 1 problems, or refused, 2 usage',
  })
}
