// The printed AuthenticationConfiguration, evaluated as an API server does, by two CEL libraries, on real tokens of the
// service: who becomes which node, and who is refused.

import * as fc from 'fast-check'
import type { JWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { nodeUser } from '../../../../src/admit/kubernetes/node-user.ts'
import {
  type AuthenticationOptions,
  authenticationConfiguration,
} from '../../../../src/cli/kubernetes/authentication-configuration.ts'
import { ECS_FIELD_NAMES } from '../../../../src/policy/fields.ts'
import { type NodeNameTemplate, nodeName, parseNodeName } from '../../../../src/policy/node-name.ts'
import type { EcsClaim } from '../../../../src/token/claims.ts'
import {
  ADMITTED_BY_KUBERNETES,
  BAD_TOKEN_NAMES,
  makeBadTokens,
  resignToken,
} from '../../../support/bad-tokens.ts'
import {
  type ExchangingService,
  EXCHANGE_POLICY,
  createExchangingService,
} from '../../../support/exchanging.ts'
import {
  type Authentication,
  CREDENTIAL_ID,
  type Claims,
  authenticate,
  authenticateToken,
} from '../../../support/kubernetes/authentication.ts'
import {
  configurationProblems,
  parseConfiguration,
} from '../../../support/kubernetes/configuration-problems.ts'
import { claimsOf } from '../../../support/test-enroller.ts'
import { DOCUMENT_FIELDS } from '../../../support/test-cloud.ts'
import { ISSUER } from '../../../support/test-service.ts'

const CLUSTER = 'cluster-1'
const ACCOUNT = DOCUMENT_FIELDS['owner-account-id']

const template = (text: string): NodeNameTemplate => {
  const parsed = parseNodeName(text)
  if (!parsed.ok) throw new Error(parsed.refusal)
  return parsed.value
}

const OPTIONS: AuthenticationOptions = {
  issuer: ISSUER,
  audience: CLUSTER,
  roles: ['node', 'keyless'],
  accounts: [ACCOUNT],
  node: template('{region_id}.{instance_id}'),
  apiVersion: 'v1',
  anonymousPaths: [],
}
const FILE = authenticationConfiguration(OPTIONS)

/** Both ways to a token of the cluster, in roles whose author tries to make administrators of instances. */
const POLICY = {
  roles: {
    node: {
      ...EXCHANGE_POLICY.roles.node,
      exchange: [
        { audience: CLUSTER, binding: 'none', lifetime_seconds: 600, groups: ['system:masters'] },
      ],
    },
    keyless: {
      ...EXCHANGE_POLICY.roles.keyless,
      token: { audience: [CLUSTER], lifetime_seconds: 3600, groups: ['system:masters'] },
    },
  },
}

const INSTANCE = DOCUMENT_FIELDS['instance-id']
const USER = {
  username: `system:node:${DOCUMENT_FIELDS['region-id']}.${INSTANCE}`,
  uid: DOCUMENT_FIELDS['serial-number'],
  groups: ['system:nodes'],
}

let service: ExchangingService
let jwks: { keys: JWK[] }
let good: string
beforeAll(async () => {
  service = await createExchangingService({
    variables: { ROLLCALL_POLICY: JSON.stringify(POLICY) },
  })
  jwks = (await (await service.request('/.well-known/jwks.json')).json()) as typeof jwks
  good = await service.enroll('keyless')
})

const show = (token: string, file = FILE): Promise<Authentication> =>
  authenticateToken(file, token, jwks, service.now)

const resigned = (claims: Record<string, unknown>): string =>
  resignToken({ goodToken: good, privateKeys: service.privateKeys }, claims)

describe('a token of the service', () => {
  it('makes the instance a node, by its attested name', async () => {
    const { jti } = claimsOf(good)
    expect(claimsOf(good)).toMatchObject({ groups: ['system:masters'] })
    expect(await show(good)).toEqual({
      user: {
        ...USER,
        extra: {
          'rollcall.test/addresses': [DOCUMENT_FIELDS['private-ipv4']],
          'rollcall.test/role': ['keyless'],
          [CREDENTIAL_ID]: [`JTI=${String(jti)}`],
        },
      },
    })
  })

  it('makes the same node by exchange; the bound token itself is refused', async () => {
    const child = await service.child(CLUSTER)
    expect(await show(child)).toMatchObject({
      user: { ...USER, extra: { 'rollcall.test/role': ['node'] } },
    })
    const bound = service.resigned({ aud: [CLUSTER] })
    expect(await show(bound)).toEqual({
      refused: expect.stringContaining('the token is bound to a key; exchange it') as string,
    })
  })

  it('lives an hour at most', async () => {
    const { iat, exp } = claimsOf(good) as { iat: number; exp: number }
    expect(exp - iat).toBe(3600)
    expect(await show(good)).toHaveProperty('user')
    expect(await show(resigned({ exp: iat + 3601 }))).toEqual({
      refused: expect.stringContaining('the token is valid for too long') as string,
    })
  })
})

describe('a bad token', () => {
  it.each(BAD_TOKEN_NAMES)('%s is refused, or names the same node', async (name) => {
    const tokens = makeBadTokens({ goodToken: good, privateKeys: service.privateKeys })
    const token = tokens.find(([each]) => each === name)?.[1] as string
    expect(await show(token)).toEqual(
      ADMITTED_BY_KUBERNETES.has(name)
        ? { user: expect.objectContaining(USER) as object }
        : { refused: expect.any(String) as string },
    )
  })
})

describe('claims', () => {
  const ecs = (change: Record<string, unknown>) => ({
    ecs: { ...(claimsOf(good)['ecs'] as object), ...change },
  })

  it.each<[string, () => Record<string, unknown>, string]>([
    ['another role', () => ({ role: 'builder' }), 'the role is not a role of nodes'],
    ['a role in upper case', () => ({ role: 'Node' }), 'the role is not a role of nodes'],
    ['a list of roles', () => ({ role: ['node'] }), ''],
    ['no role', () => ({ role: undefined }), 'role'],
    ['another account', () => ecs({ owner_account_id: '9' }), 'belongs to another account'],
    ['a number as account', () => ecs({ owner_account_id: Number(ACCOUNT) }), ''],
    ['no account', () => ecs({ owner_account_id: undefined }), 'owner_account_id'],
    ['no attested fields', () => ({ ecs: undefined }), 'ecs'],
    ['attested fields as text', () => ({ ecs: 'x' }), ''],
    ['no iat', () => ({ iat: undefined }), 'valid for too long'],
    ['an iat as text', () => ({ iat: '1' }), ''],
    ['exp long after iat', () => ({ iat: 1 }), 'valid for too long'],
    ['an exp as text', () => ({ exp: '99999999999' }), 'expired'],
    ['an exp with a fraction', () => ({ exp: service.now + 60.5 }), ''],
    ['no acr', () => ({ acr: undefined }), 'acr'],
    [
      'another acr',
      () => ({ acr: 'urn:rollcall:freshness:signing_time' }),
      'enrolled without a challenge',
    ],
    ['an empty cnf', () => ({ cnf: {} }), 'bound to a key'],
    [
      'a second audience',
      () => ({ aud: [CLUSTER, 'https://app.example'] }),
      'more than one audience',
    ],
    [
      'a second audience in front',
      () => ({ aud: ['https://app.example', CLUSTER] }),
      'more than one audience',
    ],
    ['the audience twice', () => ({ aud: [CLUSTER, CLUSTER] }), 'more than one audience'],
    ['the audience in upper case', () => ({ aud: [CLUSTER.toUpperCase()] }), 'audience'],
    ['no instance id', () => ecs({ instance_id: undefined }), 'instance_id'],
    ['an empty instance id', () => ecs({ instance_id: '' }), 'no valid name of a node'],
    ['an instance id with upper case', () => ecs({ instance_id: 'i-A' }), 'no valid name'],
    ['an instance id with a line', () => ecs({ instance_id: 'i-a\nb' }), 'no valid name'],
    ['an instance id with a line at its end', () => ecs({ instance_id: 'i-a\n' }), 'no valid name'],
    ['an instance id of 64 characters', () => ecs({ instance_id: 'a'.repeat(64) }), 'no valid'],
    ['an instance id with a colon', () => ecs({ instance_id: 'a:b' }), 'no valid name'],
    ['an instance id as list', () => ecs({ instance_id: ['i-a'] }), ''],
    ['an instance id as number', () => ecs({ instance_id: 7 }), ''],
    ['a serial number as list', () => ecs({ serial_number: ['x'] }), ''],
    ['a region that is a user name', () => ecs({ region_id: 'x.system:masters' }), 'no valid'],
    ['an address as number', () => ecs({ private_ipv4: 1 }), ''],
  ])('with %s are refused', async (_, change, message) => {
    const answer = await show(resigned(change()))
    expect(answer).toEqual({ refused: expect.stringContaining(message) as string })
  })

  it.each<[string, Record<string, unknown>]>([
    ['groups', { groups: ['system:masters'] }],
    ['groups as text', { groups: 'system:masters' }],
    ['group', { group: 'system:masters' }],
    ['roles', { roles: ['system:masters'] }],
    ['user', { user: { groups: ['system:masters'] } }],
    ['username', { username: 'kubernetes-admin', preferred_username: 'kubernetes-admin' }],
    ['sub', { sub: 'system:masters' }],
    ['email', { email: 'admin@example.test', email_verified: true }],
    ['kubernetes.io', { 'kubernetes.io': { groups: ['system:masters'] } }],
    ['distributed claims', { _claim_names: { groups: 'a' }, _claim_sources: { a: {} } }],
    ['a claim of a JavaScript object', { constructor: { groups: ['system:masters'] } }],
  ])('cannot make another user by %s', async (_, claims) => {
    const answer = await show(resigned(claims))
    expect(answer).toEqual({ user: expect.objectContaining(USER) as object })
    expect(JSON.stringify(answer)).not.toContain('masters')
  })
})

describe('the printed user', () => {
  const anyText = (pattern: RegExp) => fc.stringMatching(pattern)
  const instance = fc.record({
    owner_account_id: fc.constant(ACCOUNT),
    instance_id: fc.oneof(anyText(/^[a-z]{1,4}-[a-z0-9]{1,60}$/), fc.string({ maxLength: 8 })),
    region_id: fc.oneof(anyText(/^[a-z0-9-]{1,40}$/), fc.string({ maxLength: 8 })),
    zone_id: anyText(/^[a-z0-9-]{1,40}$/),
    instance_type: anyText(/^[a-z0-9.-]{1,48}$/),
    image_id: anyText(/^[A-Za-z0-9._-]{1,96}$/),
    private_ipv4: fc.ipV4(),
    mac: fc.constant('00:16:3e:01:02:03'),
    serial_number: anyText(/^[A-Za-z0-9-]{1,48}$/),
  })
  const templates = fc
    .array(fc.tuple(fc.constantFrom(...ECS_FIELD_NAMES), fc.constantFrom('.', '-', '.node-')), {
      maxLength: 3,
    })
    .map((fields) => `${fields.map(([field, text]) => `{${field}}${text}`).join('')}{instance_id}`)

  it('is nodeUser() of nodeName(), and refused where there is no name', () => {
    const outcomes = { named: 0, refused: 0 }
    const claims = claimsOf(good) as Claims
    fc.assert(
      fc.property(templates, instance, (text, ecs: EcsClaim) => {
        const parsed = parseNodeName(text)
        if (!parsed.ok) return
        const file = authenticationConfiguration({ ...OPTIONS, node: parsed.value })
        const name = nodeName(parsed.value, ecs)
        const answer = authenticate(file, { ...claims, ecs }, service.now)
        outcomes[name.ok ? 'named' : 'refused']++
        if (!name.ok) {
          expect(answer).toEqual({
            refused: expect.stringContaining('no valid name of a node') as string,
          })
          return
        }
        const user = nodeUser({
          issuer: ISSUER,
          name: name.value,
          claims: { role: 'keyless', ecs },
        })
        const credential = { [CREDENTIAL_ID]: [`JTI=${String(claims['jti'])}`] }
        expect(answer).toEqual({ user: { ...user, extra: { ...user.extra, ...credential } } })
      }),
      { numRuns: 150 },
    )
    expect(outcomes.named).toBeGreaterThan(10)
    expect(outcomes.refused).toBeGreaterThan(10)
  })
})

describe('the printed file', () => {
  it.each(['v1', 'v1beta1'] as const)('is one that an API server takes: %s', (apiVersion) => {
    const file = authenticationConfiguration({ ...OPTIONS, apiVersion })
    expect(configurationProblems(file)).toEqual([])
    expect(parseConfiguration(file)).toMatchObject({
      apiVersion: `apiserver.config.k8s.io/${apiVersion}`,
      kind: 'AuthenticationConfiguration',
      jwt: [{ issuer: { url: ISSUER, audiences: [CLUSTER], audienceMatchPolicy: 'MatchAny' } }],
    })
  })

  it('says nothing of anonymous callers, unless it names their paths', () => {
    expect(parseConfiguration(FILE)).not.toHaveProperty('anonymous')
    const file = authenticationConfiguration({ ...OPTIONS, anonymousPaths: ['/livez', '/readyz'] })
    expect(configurationProblems(file)).toEqual([])
    expect(parseConfiguration(file).anonymous).toEqual({
      enabled: true,
      conditions: [{ path: '/livez' }, { path: '/readyz' }],
    })
  })

  it('has a reason above each rule', () => {
    const lines = FILE.split('\n')
    const rules = lines.flatMap((line, at) => (line.includes('- expression:') ? [at] : []))
    expect(rules).toHaveLength(8)
    for (const at of rules) expect(lines[at - 1]).toMatch(/^ +# \S/)
  })

  it('escapes any audience, so that it stays one text in YAML and in CEL', () => {
    const claims = claimsOf(good)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.stringMatching(/^[\x21-\x7e]{1,40}$/),
          fc.constantFrom(
            `x"]||true||claims.aud==["`,
            `'`,
            `''`,
            `\\`,
            `\\"`,
            `\\u0041`,
            `#x`,
            `: `.trim(),
            `{}`,
            `&a`,
            `*a`,
            `!!str`,
            `%00`,
            `\`x\``,
          ),
        ),
        (audience) => {
          const file = authenticationConfiguration({ ...OPTIONS, audience })
          expect(configurationProblems(file)).toEqual([])
          expect(parseConfiguration(file).jwt[0]?.issuer.audiences).toEqual([audience])
          const own = authenticate(file, { ...claims, aud: [audience] } as Claims, service.now)
          expect(own).toHaveProperty('user')
          const two = { ...claims, aud: [audience, 'x'] } as Claims
          expect(authenticate(file, two, service.now)).toHaveProperty('refused')
          const other = { ...claims, aud: [`${audience}x`] } as Claims
          expect(authenticate(file, other, service.now)).toHaveProperty('refused')
        },
      ),
      { numRuns: 60 },
    )
  })
})
