// Policies: which instances may enroll, and in which role. A policy is read once, from JSON; every problem is
// reported with its path. Ambiguous and unknown members are rejected. No I/O, no clock.

import * as v from 'valibot'
import { parseUniqueJson } from '../base/json.ts'
import { ConfigurationError } from '../base/errors.ts'
import { audienceProblems, isAlwaysBound } from './audiences.ts'
import { EXCHANGE_MEMBERS, type Exchange, ExchangesSchema, readExchanges } from './exchange.ts'
import { ECS_FIELD_NAMES } from './fields.ts'
import { readAddressBlock } from './pattern.ts'
import { accountId, audienceName, groupNames, list, oneOf, wholeSeconds } from './schema.ts'

/** What a role's name looks like; it cannot look like a number, which JSON readers reorder. */
export const ROLE_PATTERN: RegExp = /^[a-z][a-z0-9-]{0,62}$/

/** Which instances may have a role: of each field's values, one must match. */
export interface RoleMatch {
  /** Ids of accounts, never patterns; not empty. */
  readonly owner_account_id: readonly string[]
  /** Ids of instances; `*` stands for any run of characters, as in all fields below but addresses. */
  readonly instance_id?: readonly string[]
  /** Ids of regions. */
  readonly region_id?: readonly string[]
  /** Ids of zones. */
  readonly zone_id?: readonly string[]
  /** Instance types, such as `ecs.g6e.*`. */
  readonly instance_type?: readonly string[]
  /** Ids of images. */
  readonly image_id?: readonly string[]
  /** Private addresses, or CIDR blocks of them. */
  readonly private_ipv4?: readonly string[]
  /** MAC addresses. */
  readonly mac?: readonly string[]
  /** Serial numbers. */
  readonly serial_number?: readonly string[]
}

/** What the tokens of a role say. */
export interface RoleToken {
  /** The `aud` claim; not empty. */
  readonly audience: readonly string[]
  /** How long a token is valid, 1 to 3600 seconds. Default: 300. */
  readonly lifetimeSeconds: number
  /** The `groups` claim. Default: empty, and the claim is absent. */
  readonly groups: readonly string[]
}

/** One role of a policy. */
export interface Role {
  /** Its name, `[a-z][a-z0-9-]{0,62}`. */
  readonly name: string
  /** Which instances may have the role: every field must match, by any value of its list. */
  readonly match: RoleMatch
  /** What the token says. */
  readonly token: RoleToken
  /** Whether an instance that has enrolled may enroll again. */
  readonly reenrollment: Reenrollment
  /** Whether the client must prove a key, to which the token is bound (RFC 9449). Default `none`. */
  readonly binding: Binding
  /** What a bound token may be exchanged for. Default: empty, nothing. */
  readonly exchange: readonly Exchange[]
}

/**
 * When an instance may enroll again: `always`, fresh evidence is enough; `same_key`, with the key of its
 * first enrollment, proved again; `new_image`, once its image has changed; `never`, until an operator
 * resets it.
 */
export type Reenrollment = 'always' | 'same_key' | 'new_image' | 'never'

/** `none`: a client may prove a key. `dpop`: it must. */
export type Binding = 'none' | 'dpop'

/** A policy: its roles in the order of the text. If no role is requested, the first that matches applies. */
export interface Policy {
  /** Not empty. */
  readonly roles: readonly Role[]
}

const REENROLLMENTS = [
  'always',
  'same_key',
  'new_image',
  'never',
] as const satisfies readonly Reenrollment[]
const BINDINGS = ['none', 'dpop'] as const satisfies readonly Binding[]

/** The longest life of a token. */
export const MAX_TOKEN_LIFETIME_SECONDS = 3600
const DEFAULT_LIFETIME_SECONDS = 300

const text = v.pipe(
  v.string('expected a text'),
  v.regex(/^[A-Za-z0-9._:*-]+$/, 'expected letters, digits and . _ : - with * for any run of them'),
)
const addressBlock = v.pipe(
  v.string('expected a text'),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    const block = readAddressBlock(dataset.value)
    if (!block.ok) addIssue({ message: block.refusal })
  }),
)
const RoleSchema = v.strictObject({
  match: v.strictObject({
    owner_account_id: list(accountId),
    instance_id: v.optional(list(text)),
    region_id: v.optional(list(text)),
    zone_id: v.optional(list(text)),
    instance_type: v.optional(list(text)),
    image_id: v.optional(list(text)),
    private_ipv4: v.optional(list(addressBlock)),
    mac: v.optional(list(text)),
    serial_number: v.optional(list(text)),
  }),
  token: v.strictObject({
    audience: list(audienceName),
    lifetime_seconds: v.optional(
      wholeSeconds(MAX_TOKEN_LIFETIME_SECONDS),
      DEFAULT_LIFETIME_SECONDS,
    ),
    groups: v.optional(groupNames, []),
  }),
  reenrollment: oneOf(REENROLLMENTS),
  binding: v.optional(oneOf(BINDINGS), 'none'),
  exchange: v.optional(ExchangesSchema, () => []),
})

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Messages for missing members, with their purpose; the schema library names types only. */
const MISSING: Readonly<Record<string, string>> = {
  owner_account_id:
    'required, a list of account ids; without it any customer of the cloud could enroll',
  match: 'required: which instances have this role',
  token: 'required: what the token says',
  audience: 'required: who the token is for',
  binding: 'required in "exchange": "none" (a bearer token) or "dpop" (bound to the same key)',
  reenrollment:
    'required: "never" (once, until a reset), "same_key", "new_image" or "always" (fresh evidence is enough)',
}

/** What to write instead of a name that a role, its `match` or its `token` does not have. */
const unknownName = (keys: readonly string[]): string => {
  if (keys[0] === 'match' && keys.length > 1) {
    return (
      'not a field of the signed document, which has no VPC and no tags; ' +
      `expected one of ${ECS_FIELD_NAMES.join(', ')}`
    )
  }
  if (keys[0] === 'exchange') return `unknown name; expected one of ${EXCHANGE_MEMBERS.join(', ')}`
  const { entries } = RoleSchema
  const known = keys.length > 1 ? entries.token.entries : entries
  return `unknown name; expected one of ${Object.keys(known).join(', ')}`
}

const problemOf = (path: readonly string[], issue: v.BaseIssue<unknown>): string => {
  const keys = issue.path?.map(({ key }) => String(key)) ?? []
  const at = [...path, ...keys].join('.')
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return `${at}: ${unknownName(keys)}`
  }
  if (issue.received === 'undefined') return `${at}: ${MISSING[keys.at(-1) ?? ''] ?? 'required'}`
  if (issue.type === 'strict_object') return `${at}: expected an object`
  return `${at}: ${issue.message}`
}

const readRole = (roleName: string, input: unknown, problems: string[]): Role[] => {
  const path = ['roles', roleName]
  if (!ROLE_PATTERN.test(roleName)) {
    problems.push(`${path.join('.')}: the name of a role must match ${ROLE_PATTERN.source}`)
  }
  const result = v.safeParse(RoleSchema, input)
  if (!result.success) {
    problems.push(...result.issues.map((issue) => problemOf(path, issue)))
    return []
  }
  const { match, token, reenrollment, binding } = result.output
  if (result.output.exchange.length > 0 && !isAlwaysBound({ binding, reenrollment })) {
    problems.push(
      `${path.join('.')}.exchange: only bound tokens can be exchanged; set "binding": "dpop" or remove it`,
    )
  }
  const { audience, lifetime_seconds: lifetimeSeconds, groups } = token
  // Absent fields are left out, so that every field of the object must match.
  const lists = ECS_FIELD_NAMES.flatMap((field) => (match[field] ? [[field, match[field]]] : []))
  return [
    {
      name: roleName,
      match: Object.fromEntries(lists) as Role['match'],
      token: { audience, lifetimeSeconds, groups },
      reenrollment,
      binding,
      exchange: readExchanges(result.output.exchange),
    },
  ]
}

/**
 * Reads a policy.
 * @param json `{"roles": {"NAME": {...}}}` as text or parsed
 * @returns the policy, its roles in the order of the text
 * @throws ConfigurationError `configuration_invalid`, with one line for each problem, which begins with the path
 * @example
 * ```ts
 * import { ConfigurationError, parsePolicy } from 'rollcall'
 *
 * const worker = {
 *   match: { owner_account_id: ['1609123456789012'] },
 *   token: { audience: ['https://cluster.example'] },
 *   reenrollment: 'same_key',
 * }
 * const policy = parsePolicy({ roles: { worker } })
 * console.log(policy.roles[0]?.token.lifetimeSeconds) // 300
 *
 * try {
 *   parsePolicy({ roles: { worker: { ...worker, binding: 'mtls' } } })
 * } catch (error) {
 *   if (!(error instanceof ConfigurationError)) throw error
 *   console.log(error.problems[0]) // roles.worker.binding: expected one of "none", "dpop"
 * }
 * ```
 */
export const parsePolicy = (json: unknown): Policy => {
  let input = json
  if (typeof json === 'string') {
    const parsed = parseUniqueJson(json)
    if (!parsed.ok) {
      const duplicate = parsed.refusal === 'duplicate_key'
      throw new ConfigurationError([duplicate ? 'a key occurs twice' : 'expected JSON'])
    }
    input = parsed.value
  }
  const shape = 'expected {"roles": {"NAME": {...}}} and nothing else'
  if (!isObject(input) || Object.keys(input).some((key) => key !== 'roles')) {
    throw new ConfigurationError([shape])
  }
  if (!isObject(input['roles'])) throw new ConfigurationError([`roles: ${shape}`])
  const entries = Object.entries(input['roles'])
  const problems: string[] = []
  if (entries.length === 0) problems.push('roles: expected at least one role')
  const roles = entries.flatMap(([roleName, role]) => readRole(roleName, role, problems))
  // A role that has a problem is not in the list, so its audiences are not known.
  if (problems.length === 0) problems.push(...audienceProblems({ roles }))
  if (problems.length > 0) throw new ConfigurationError(problems)
  return { roles }
}
