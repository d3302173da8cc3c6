// The rules of an API server for its file, each broken once: a check that finds nothing would prove nothing.

import { describe, expect, it } from 'vitest'
import { authenticationConfiguration } from '../../../../src/cli/kubernetes/authentication-configuration.ts'
import { parseNodeName } from '../../../../src/policy/node-name.ts'
import { configurationProblems } from '../../../support/kubernetes/configuration-problems.ts'

const node = parseNodeName('{region_id}.{instance_id}')
if (!node.ok) throw new Error(node.refusal)

const FILE = authenticationConfiguration({
  issuer: 'https://rollcall.test',
  audience: 'cluster-1',
  roles: ['node'],
  accounts: ['1234'],
  node: node.value,
  apiVersion: 'v1',
  anonymousPaths: ['/livez'],
})

describe('configurationProblems()', () => {
  it('finds none in a printed file', () => {
    expect(configurationProblems(FILE)).toEqual([])
  })

  it.each([
    ['an http issuer', "'https://rollcall.test'", "'http://rollcall.test'", 'must be https'],
    ['a query', "'https://rollcall.test'", "'https://rollcall.test?a=b'", 'a query'],
    ['a fragment', "'https://rollcall.test'", "'https://rollcall.test#a'", 'a fragment'],
    ['a user', "'https://rollcall.test'", "'https://me@rollcall.test'", 'a user name'],
    ['no URL', "'https://rollcall.test'", "'rollcall'", 'not a URL'],
    ['no audience', "        - 'cluster-1'\n", '', 'audiences'],
    ['an empty audience', "- 'cluster-1'", "- ''", 'an empty one'],
    [
      'an audience twice',
      "- 'cluster-1'",
      "- 'cluster-1'\n        - 'cluster-1'",
      'one occurs twice',
    ],
    ['another policy', 'MatchAny', 'MatchAll', 'must be MatchAny'],
    [
      'no certificate',
      '      audiences:',
      "      certificateAuthority: 'x'\n      audiences:",
      'no certificate',
    ],
    [
      'a broken certificate',
      '      audiences:',
      "      certificateAuthority: '-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----'\n      audiences:",
      'a broken certificate',
    ],
    ['a rule that is no bool', "'!has(claims.cnf)'", "'claims.cnf'", 'must evaluate to bool'],
    ['a rule that may be no bool', "'!has(claims.cnf)'", "'true ? claims.x : claims.y'", 'bool'],
    ['a rule that does not compile', "'!has(claims.cnf)'", "'!has(claims.cnf'", 'Validation'],
    ['an unknown variable', "'!has(claims.cnf)'", "'user.groups == []'", 'Validation'],
    ['an unknown function', "'!has(claims.cnf)'", "'claims.role.shout()'", 'Validation'],
    [
      'a rule twice',
      "'!has(claims.cnf)'",
      `'claims.acr == "urn:rollcall:freshness:challenge"'`,
      'an expression occurs twice',
    ],
    ['an empty rule', "'!has(claims.cnf)'", "''", 'an expression is required'],
    ['a user rule with claims', 'user.groups ==', 'claims.groups ==', 'userValidationRules'],
    ['a user rule of wrong type', 'user.groups ==', 'user.uid ==', 'userValidationRules'],
    ['a key twice', 'rollcall.test/role', 'rollcall.test/addresses', 'a key occurs twice'],
    ['a key in upper case', 'rollcall.test/role', 'rollcall.test/Role', 'must be lower case'],
    ['a key without a domain', 'rollcall.test/role', 'role', 'has no domain'],
    ['a key with a port', 'rollcall.test/role', 'rollcall.test:8443/role', 'has no domain'],
    ['a key of IPv6', 'rollcall.test/role', '[::1]/role', 'has no domain'],
    ['a key with an underscore', 'rollcall.test/role', 'roll_call.test/role', 'has no domain'],
    ['a key without a path', 'rollcall.test/role', 'rollcall.test/', 'has no domain'],
    ['a key of Kubernetes', 'rollcall.test/role', 'x.k8s.io/role', 'is reserved'],
    ['an unknown member', 'userValidationRules:', 'userRules:', 'unknown member'],
    ['another version', 'k8s.io/v1', 'k8s.io/v2', 'apiVersion'],
    ['another kind', 'kind: AuthenticationConfiguration', 'kind: Config', 'kind'],
    ['anonymous conditions, and off', 'enabled: true', 'enabled: false', 'anonymous.conditions'],
  ])('finds %s', (_, text, change, problem) => {
    expect(FILE).toContain(text)
    expect(configurationProblems(FILE.replace(text, change)).join('\n')).toMatch(
      new RegExp(problem === 'Validation' ? 'claimValidationRules: ' : problem),
    )
  })

  it('throws if a key is there twice', () => {
    expect(() => configurationProblems(`${FILE}kind: x\n`)).toThrow(/unique/)
  })
})
