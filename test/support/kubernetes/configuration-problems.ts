// What an API server rejects in an AuthenticationConfiguration: its rules, from `validation.go` of
// k8s.io/apiserver/pkg/apis/apiserver and from `interface.go` of k8s.io/apiserver/pkg/authentication/cel.

import { X509Certificate } from 'node:crypto'
import { parseDocument } from 'yaml'
import { type Variable, typeOf } from './cel.ts'

/** A rule of `claimValidationRules` or `userValidationRules`. */
export interface Rule {
  readonly expression: string
  readonly message?: string
}

/** An entry of `jwt`: the parts that the printed file has. */
export interface JwtAuthenticator {
  readonly issuer: {
    readonly url: string
    readonly audiences: readonly string[] | null
    readonly audienceMatchPolicy?: string
    readonly certificateAuthority?: string
  }
  readonly claimValidationRules?: readonly Rule[]
  readonly claimMappings: {
    readonly username: { readonly expression: string }
    readonly groups?: { readonly expression: string }
    readonly uid?: { readonly expression: string }
    readonly extra?: readonly { readonly key: string; readonly valueExpression: string }[]
  }
  readonly userValidationRules?: readonly Rule[]
}

/** The file, parsed. */
export interface AuthenticationConfiguration {
  readonly apiVersion: string
  readonly kind: string
  readonly jwt: readonly JwtAuthenticator[]
  readonly anonymous?: {
    readonly enabled: boolean
    readonly conditions?: readonly { readonly path: string }[]
  }
}

/** Members by the place where they are; the API server decodes strictly, so others are errors. */
const MEMBERS: Readonly<Record<string, string>> = {
  '': 'apiVersion kind jwt anonymous',
  jwt: 'issuer claimValidationRules claimMappings userValidationRules',
  'jwt.issuer':
    'url discoveryURL certificateAuthority audiences audienceMatchPolicy egressSelectorType',
  'jwt.claimValidationRules': 'claim requiredValue expression message',
  'jwt.claimMappings': 'username groups uid extra',
  'jwt.claimMappings.username': 'claim prefix expression',
  'jwt.claimMappings.groups': 'claim prefix expression',
  'jwt.claimMappings.uid': 'claim expression',
  'jwt.claimMappings.extra': 'key valueExpression',
  'jwt.userValidationRules': 'expression message',
  anonymous: 'enabled conditions',
  'anonymous.conditions': 'path',
}

const unknownMembers = (value: unknown, place = ''): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap((it) => unknownMembers(it, place))
  if (typeof value !== 'object' || value === null) return []
  const known = MEMBERS[place]?.split(' ') ?? []
  return Object.entries(value).flatMap(([name, it]) => {
    const at = place === '' ? name : `${place}.${name}`
    return known.includes(name) ? unknownMembers(it, at) : [`${at}: unknown member`]
  })
}

const urlProblems = (text: string): readonly string[] => {
  if (!URL.canParse(text)) return ['issuer.url: not a URL']
  const { protocol, username, password, search, hash } = new URL(text)
  return [
    ...(protocol === 'https:' ? [] : ['issuer.url: the scheme must be https']),
    ...(username + password === '' ? [] : ['issuer.url: a user name or password']),
    ...(search === '' ? [] : ['issuer.url: a query']),
    ...(hash === '' ? [] : ['issuer.url: a fragment']),
  ]
}

const audienceProblems = ({
  audiences: given,
  audienceMatchPolicy = '',
}: JwtAuthenticator['issuer']): readonly string[] => {
  // A member without a value is an empty list.
  const audiences = given ?? []
  return [
    ...(audiences.length === 0 ? ['issuer.audiences: at least one'] : []),
    ...(audiences.includes('') ? ['issuer.audiences: an empty one'] : []),
    ...(new Set(audiences).size < audiences.length ? ['issuer.audiences: one occurs twice'] : []),
    ...(['MatchAny', ...(audiences.length > 1 ? [] : [''])].includes(audienceMatchPolicy)
      ? []
      : ['issuer.audienceMatchPolicy: must be MatchAny']),
  ]
}

const authorityProblems = (pem: string | undefined): readonly string[] => {
  if (pem === undefined) return []
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    const certificates = blocks.map((block) => new X509Certificate(block))
    return certificates.length > 0 ? [] : ['issuer.certificateAuthority: no certificate']
  } catch {
    return ['issuer.certificateAuthority: a broken certificate']
  }
}

/** @param type what it must be before it is evaluated; absent: anything */
const expressionProblems = (
  at: string,
  expression: string,
  variable: Variable,
  type?: string,
): readonly string[] => {
  if (expression === '') return [`${at}: an expression is required`]
  const compiled = typeOf(expression, variable)
  if ('problem' in compiled) return [`${at}: ${compiled.problem}`]
  return type === undefined || compiled.type === type
    ? []
    : [`${at}: must evaluate to ${type}, not ${compiled.type}`]
}

const ruleProblems = (
  at: string,
  rules: readonly Rule[] = [],
  variable: Variable,
): readonly string[] => [
  ...(new Set(rules.map(({ expression }) => expression)).size < rules.length
    ? [`${at}: an expression occurs twice`]
    : []),
  ...rules.flatMap(({ expression }) => expressionProblems(at, expression, variable, 'bool')),
]

const DNS_NAME = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/

const extraProblems = (
  extra: NonNullable<JwtAuthenticator['claimMappings']['extra']>,
): readonly string[] => {
  const keys = extra.map(({ key }) => key)
  return [
    ...(new Set(keys).size < keys.length ? ['extra: a key occurs twice'] : []),
    ...keys.flatMap((key) => {
      const [domain = '', ...path] = key.split('/')
      return [
        ...(DNS_NAME.test(domain.toLowerCase()) && domain.length <= 253 && path.join('/') !== ''
          ? []
          : [`extra: ${key} has no domain before a path`]),
        ...(key === key.toLowerCase() ? [] : [`extra: ${key} must be lower case`]),
        ...(/(?:^|\.)(?:kubernetes|k8s)\.io$/.test(domain) ? [`extra: ${key} is reserved`] : []),
      ]
    }),
    ...extra.flatMap((it) => expressionProblems('extra', it.valueExpression, 'claims')),
  ]
}

const authenticatorProblems = (jwt: JwtAuthenticator): readonly string[] => {
  const { username, groups, uid, extra = [] } = jwt.claimMappings
  return [
    ...urlProblems(jwt.issuer.url),
    ...audienceProblems(jwt.issuer),
    ...authorityProblems(jwt.issuer.certificateAuthority),
    ...ruleProblems('claimValidationRules', jwt.claimValidationRules, 'claims'),
    ...expressionProblems('username', username.expression, 'claims'),
    ...(groups === undefined ? [] : expressionProblems('groups', groups.expression, 'claims')),
    ...(uid === undefined ? [] : expressionProblems('uid', uid.expression, 'claims')),
    ...extraProblems(extra),
    ...ruleProblems('userValidationRules', jwt.userValidationRules, 'user'),
  ]
}

/** Parses a file. @throws Error if it is not YAML, or has a key twice */
export const parseConfiguration = (file: string): AuthenticationConfiguration => {
  // The API server reads YAML 1.1.
  const document = parseDocument(file, { version: '1.1', uniqueKeys: true })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) throw problem
  return document.toJS() as AuthenticationConfiguration
}

/** What an API server rejects in a file; empty if nothing. */
export const configurationProblems = (file: string): readonly string[] => {
  const configuration = parseConfiguration(file)
  const { apiVersion, kind, jwt, anonymous } = configuration
  const urls = jwt.map(({ issuer }) => issuer.url)
  return [
    ...(/^apiserver\.config\.k8s\.io\/v1(?:beta1)?$/.test(apiVersion) ? [] : ['apiVersion']),
    ...(kind === 'AuthenticationConfiguration' ? [] : ['kind']),
    ...unknownMembers(configuration),
    ...(jwt.length > 64 ? ['jwt: at most 64'] : []),
    ...(new Set(urls).size < urls.length ? ['issuer.url: one occurs twice'] : []),
    ...jwt.flatMap(authenticatorProblems),
    ...(anonymous?.enabled === false && (anonymous.conditions ?? []).length > 0
      ? ['anonymous.conditions: enabled must be true']
      : []),
  ]
}
