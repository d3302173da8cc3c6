// The file that `rollcall kubernetes config` prints, in a real API server: which tokens it admits, as whom, how the
// server reads a changed file, and who may ask without credentials.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMITTED_BY_KUBERNETES, BAD_TOKEN_NAMES, makeBadTokens } from '../support/bad-tokens.ts'
import { CLUSTER_AUDIENCE, type Cluster, startCluster } from '../support/kubernetes/cluster.ts'
import { instanceAt, userNameOf } from '../support/kubernetes/joining.ts'
import { findReadyPrograms, requireReadyPrograms } from '../support/kubernetes/programs.ts'
import type { RealServer } from '../support/kubernetes/real-server.ts'
import { waitUntil } from '../support/processes.ts'
import { claimsOf } from '../support/test-enroller.ts'

const REVIEWS = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
/** How long an API server keeps that it has accepted a token. */
const CACHE_SECONDS = 10
/** How long exchanged tokens of the role `brief` live. */
const BRIEF_SECONDS = 15

let cluster: Cluster
let server: RealServer
beforeAll(async () => {
  if (findReadyPrograms() === undefined) return
  const bound = { token: { audience: ['https://rollcall.internal'] }, reenrollment: 'same_key' }
  const exchange = { audience: CLUSTER_AUDIENCE, binding: 'none' }
  cluster = await startCluster({
    roles: {
      brief: { ...bound, exchange: [{ ...exchange, lifetime_seconds: BRIEF_SECONDS }] },
      visitor: { ...bound, exchange: [exchange] },
    },
    admitted: ['node', 'brief'],
  })
  if (cluster.real === undefined) throw new Error('the API server is not a real one')
  server = cluster.real
})
afterAll(() => cluster?.close())

/** Whom the server takes a token for, or the status of its refusal. Empty: no credentials. */
const userOf = async (token: string): Promise<unknown> => {
  const kind = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const { status, body } = await server.call('POST', REVIEWS, kind, token)
  if (status !== 201) return status
  return (body['status'] as { readonly userInfo: object }).userInfo
}

const statusAt = async (path: string): Promise<number> =>
  (await server.call('GET', path, undefined, '')).status

const node = () => {
  const instance = instanceAt(cluster, 0)
  return expect.objectContaining({
    username: userNameOf(instance),
    uid: instance.document['serial-number'],
    groups: ['system:nodes', 'system:authenticated'],
    extra: {
      'localhost/addresses': [instance.document['private-ipv4']],
      'localhost/role': ['node'],
      'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/)],
    },
  }) as object
}

describe('the printed file in a real API server', () => {
  it('makes an instance the node of its name, and nobody else of the bad tokens', async (context) => {
    requireReadyPrograms(context)
    const goodToken = await cluster.token()
    expect(await userOf(goodToken)).toEqual(node())
    const privateKeys = JSON.stringify({ keys: cluster.signingKeys })
    const bad = makeBadTokens({ goodToken, privateKeys })
    expect(bad.map(([name]) => name)).toEqual(BAD_TOKEN_NAMES)
    const outcomes: [string, unknown][] = []
    for (const [name, token] of bad) outcomes.push([name, await userOf(token)])
    const expected = bad.map(([name]) => [name, ADMITTED_BY_KUBERNETES.has(name) ? node() : 401])
    expect(outcomes).toEqual(expected)
  })

  it('is read again when it changes, and a wrong one changes nothing', async (context) => {
    requireReadyPrograms(context)
    const [nodeToken, visitor] = [await cluster.token(), await cluster.token({ role: 'visitor' })]
    expect([await userOf(nodeToken), await userOf(visitor)]).toEqual([node(), 401])
    await server.configure(await cluster.configure('--role', 'visitor'))
    expect(await userOf(visitor)).toMatchObject({ username: userNameOf(instanceAt(cluster, 0)) })
    await waitUntil(async () => (await userOf(nodeToken)) === 401, {
      seconds: CACHE_SECONDS + 1,
      what: 'the end of what was accepted before',
    })
    const wrong = cluster.configuration.replace('!has(claims.cnf)', '!has(claims.cnf')
    await expect(server.configure(wrong)).rejects.toThrow('failed to validate')
    expect(await userOf(visitor)).toMatchObject({ username: userNameOf(instanceAt(cluster, 0)) })
    await server.configure(cluster.configuration)
    expect(await userOf(await cluster.token())).toEqual(node())
  })

  it('admits a token up to ten seconds after its end, if it was shown shortly before', async (context) => {
    requireReadyPrograms(context)
    const token = await cluster.token({ role: 'brief' })
    const end = Number(claimsOf(token)['exp'])
    await waitUntil(() => Date.now() / 1000 > end - 2, { seconds: BRIEF_SECONDS, what: 'the end' })
    expect(await userOf(token)).toMatchObject({ username: userNameOf(instanceAt(cluster, 0)) })
    await waitUntil(async () => (await userOf(token)) === 401, { seconds: 20, what: 'a refusal' })
    const late = Date.now() / 1000 - end
    expect(late).toBeGreaterThan(CACHE_SECONDS - 4)
    expect(late).toBeLessThan(CACHE_SECONDS + 1)
  })

  it.for<readonly [string, string, readonly string[]]>([
    ['as v1beta1', '{region_id}.{instance_id}', ['--api-version', 'v1beta1']],
    ['with several roles', '{region_id}.{instance_id}', ['--role', 'node,other']],
    ['with names of another form', 'ecs-{instance_id}', ['--node', 'ecs-{instance_id}']],
  ])('is accepted %s', async ([, name, args], context) => {
    requireReadyPrograms(context)
    await server.configure(await cluster.configure(...args))
    const { instanceId, document } = instanceAt(cluster, 0)
    const expected = name
      .replace('{instance_id}', instanceId)
      .replace('{region_id}', document['region-id'] ?? '')
    expect(await userOf(await cluster.token())).toMatchObject({
      username: `system:node:${expected}`,
    })
    await server.configure(cluster.configuration)
  })

  it('limits callers without credentials to the paths of its anonymous section', async (context) => {
    requireReadyPrograms(context)
    // By the defaults of the flags, they are the user system:anonymous everywhere.
    expect([await statusAt('/livez'), await statusAt('/version'), await statusAt('/api')]).toEqual([
      200, 200, 403,
    ])
    const paths = ['--anonymous-paths', '/livez,/readyz']
    await server.restart(await cluster.configure(...paths))
    expect([await statusAt('/livez'), await statusAt('/version'), await statusAt('/api')]).toEqual([
      200, 401, 401,
    ])
    expect(await userOf(await cluster.token())).toEqual(node())
    const more = await cluster.configure('--anonymous-paths', '/livez,/readyz,/version')
    await expect(server.configure(more)).rejects.toThrow('changed from initial configuration file')
    await server.restart(cluster.configuration)
  })

  it('says in the log of the API server which of its rules a token broke', async (context) => {
    requireReadyPrograms(context)
    expect(await userOf(await cluster.token({ role: 'visitor' }))).toBe(401)
    await expect
      .poll(() => server.refusals.at(-1))
      .toContain('the role is not a role of nodes of this cluster')
  })

  it.for<readonly [string, string, string, RegExp]>([
    ['has an unknown field', 'audiences:', 'audience:', /unknown field .*issuer\.audience/],
    ['has an issuer without TLS', "url: 'https:", "url: 'http:", /URL scheme must be https/],
    ['has a broken rule', '!has(claims.cnf)', '!has(claims.cnf', /compilation failed/],
  ])('keeps the API server from its start if it %s', async ([, text, change, message], context) => {
    requireReadyPrograms(context)
    expect(cluster.configuration).toContain(text)
    await expect(server.restart(cluster.configuration.replace(text, change))).rejects.toThrow(
      message,
    )
  })
})
