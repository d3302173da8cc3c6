// Who does not get into a cluster, or stays in only for a while: other tokens of the service, a banned instance, and
// every instance while the ledger is down. With real kubectl, the service and the stand-in API server.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resignToken } from '../../support/bad-tokens.ts'
import type { Run } from '../../support/command.ts'
import {
  CLUSTER_AUDIENCE,
  type Cluster,
  type PluginOptions,
  startCluster,
} from '../../support/kubernetes/cluster.ts'
import {
  asNode,
  expectUnauthorized,
  instanceAt,
  kubectlAs,
  userNameOf,
  whoami,
} from '../../support/kubernetes/joining.ts'
import { findKubectl } from '../../support/kubernetes/kubectl.ts'
import { requireRedis, startRedisServer } from '../../support/redis-server.ts'
import { claimsOf } from '../../support/test-enroller.ts'

/** How long exchanged tokens of the role `brief` live. */
const BRIEF_SECONDS = 15

type Members = Readonly<Record<string, unknown>>

let cluster: Cluster
beforeAll(async () => {
  await findKubectl().catch(() => undefined)
  const bound = { token: { audience: ['https://rollcall.internal'] }, reenrollment: 'same_key' }
  const exchange = { audience: CLUSTER_AUDIENCE, binding: 'none' }
  cluster = await startCluster({
    roles: {
      brief: { ...bound, exchange: [{ ...exchange, lifetime_seconds: BRIEF_SECONDS }] },
      // The printed file does not name it.
      visitor: { ...bound, exchange: [exchange] },
    },
    admitted: ['node', 'brief'],
  })
})
afterAll(() => cluster?.close())

const runPlugin = (options?: PluginOptions, on: Cluster = cluster): Promise<Run> =>
  on.command.run(on.pluginArgs(options), { env: on.env })

/** A token of the first instance, not older than a minute. */
const goodToken = async (): Promise<string> => {
  const isOld = known === undefined || Number(claimsOf(known)['iat']) < Date.now() / 1000 - 60
  if (isOld) known = await cluster.token()
  return known ?? ''
}
let known: string | undefined

/** A token with some claims changed, signed with the service's own key. */
const resigned = async (change: (claims: Members) => Members): Promise<string> => {
  const token = await goodToken()
  const privateKeys = JSON.stringify({ keys: cluster.signingKeys })
  return resignToken({ goodToken: token, privateKeys }, change(claimsOf(token)))
}

const inEcs =
  (change: Members) =>
  ({ ecs }: Members): Members => ({ ecs: { ...(ecs as Members), ...change } })

const keptToken = async (): Promise<string> => {
  await goodToken()
  const folder = join(cluster.command.folder, 'key.json.tokens')
  const [name = ''] = readdirSync(folder)
  const text = readFileSync(join(folder, name), 'utf8')
  return (JSON.parse(text) as { access_token: string }).access_token
}

describe('a token of the service', () => {
  it('opens the API server with the claims that it has, signed again', async (context) => {
    const token = await resigned(() => ({}))
    expect(await whoami(await kubectlAs(context, cluster, { token }))).toMatchObject({
      username: userNameOf(instanceAt(cluster, 0)),
    })
  })

  it.for<readonly [string, () => Promise<string>]>([
    ['that is bound to a key', keptToken],
    ['for the cluster that is bound to a key', () => resigned(() => ({ cnf: { jkt: 'a' } }))],
    ['of a role that the file does not name', () => cluster.token({ role: 'visitor' })],
    ['of another account', () => resigned(inEcs({ owner_account_id: '42' }))],
    ['without an end', () => resigned(() => ({ exp: undefined }))],
    ['without a beginning', () => resigned(() => ({ iat: undefined }))],
    ['that lives too long', () => resigned(({ iat }) => ({ exp: Number(iat) + 3601 }))],
    ['that has expired', () => resigned(({ iat }) => ({ iat: Number(iat) - 90, exp: iat }))],
    ['for another audience', () => resigned(() => ({ aud: ['https://other.example'] }))],
    [
      'with a second audience',
      () => resigned(() => ({ aud: [CLUSTER_AUDIENCE, 'https://other.example'] })),
    ],
    ['of an enrollment without a challenge', () => resigned(() => ({ acr: 'none' }))],
    ['of another issuer', () => resigned(() => ({ iss: 'https://other.example' }))],
  ])('%s is refused', async ([, make], context) => {
    const { length } = cluster.server.refusals
    await expectUnauthorized(await kubectlAs(context, cluster, { token: await make() }))
    expect(cluster.server.refusals.length).toBeGreaterThan(length)
  })

  it.for<readonly [claim: string, outcome: 'admitted' | 'refused', (claims: Members) => Members]>([
    ['groups', 'admitted', () => ({ groups: ['system:masters'] })],
    ['role and groups', 'refused', () => ({ role: 'system:masters', groups: ['system:masters'] })],
    [
      'username',
      'admitted',
      () => ({ username: 'system:admin', 'kubernetes.io': { groups: 'system:masters' } }),
    ],
    ['sub', 'admitted', () => ({ sub: 'system:masters' })],
    ['instance id', 'refused', inEcs({ instance_id: 'i-1"]+["system:masters' })],
    ['region', 'refused', inEcs({ region_id: 'system:masters' })],
    ['address', 'admitted', inEcs({ private_ipv4: 'system:masters' })],
    ['serial number', 'admitted', inEcs({ serial_number: 'system:masters' })],
  ])('makes nobody an administrator by the claim %s: %s', async ([, outcome, change], context) => {
    const kubectl = await kubectlAs(context, cluster, { token: await resigned(change) })
    if (outcome === 'refused') await expectUnauthorized(kubectl)
    else expect((await whoami(kubectl)).groups).toEqual(['system:nodes', 'system:authenticated'])
    const { stdout } = await kubectl(['auth', 'can-i', '*', '*'])
    expect(stdout.trim()).toBe(outcome === 'refused' ? '' : 'no')
  })
})

describe('a banned instance', () => {
  it('gets no new credential at once, and its token opens the API server until it ends', async (context) => {
    const instance = instanceAt(cluster, 1)
    const options = { role: 'brief', key: 'brief.json', instance }
    const node = await asNode(context, cluster, options)
    expect(await whoami(node)).toMatchObject({ username: userNameOf(instance) })
    const token = await cluster.token(options)
    await cluster.operate('admin', 'ban', 'instance', instance.instanceId, '--reason', 'a test')

    const { length } = cluster.service.auditEvents()
    const refused = await node(['auth', 'whoami'])
    expect(refused.status).not.toBe(0)
    expect(refused.stderr).toContain(
      'rollcall: the service refused the kept token; enrolling again',
    )
    expect(refused.stderr).toMatch(
      /rollcall: https:\S+ refused: .+ 403, .+: this instance is not admitted/,
    )
    expect(refused.stderr).toContain('failed with exit code 4')
    expect(await runPlugin(options)).toMatchObject({ status: 4, stdout: '' })
    const events = cluster.service.auditEvents().slice(length)
    expect(
      events.filter(({ outcome }) => outcome === 'issued').map(({ event }) => event),
    ).not.toContain('exchange')
    expect(events.map(({ event, outcome }) => `${event} ${outcome}`)).toEqual(
      expect.arrayContaining(['exchange refused', 'enroll refused']),
    )

    const thief = await kubectlAs(context, cluster, { token })
    expect(await whoami(thief)).toMatchObject({ username: userNameOf(instance) })
    await sleep(Math.max(0, Number(claimsOf(token)['exp']) * 1000 - Date.now()) + 1000)
    await expectUnauthorized(thief)
  })
})

describe('an instance while the ledger is down', () => {
  it('gets no credential, keeps what it has, and gets one when the ledger is back', async (context) => {
    requireRedis(context)
    const redis = await startRedisServer()
    context.onTestFinished(() => redis.close())
    const other = await startCluster({ variables: { ROLLCALL_LEDGER: redis.url } })
    context.onTestFinished(() => other.close())
    const options = { args: ['--attempts=1'] }
    const node = await asNode(context, other, options)
    const token = await other.token(options)
    await redis.kill()

    const { status, stderr } = await node(['auth', 'whoami'])
    expect(status).not.toBe(0)
    expect(stderr).toMatch(/rollcall: https:\S+ is not available \(the service answered 503/)
    expect(stderr).toContain('failed with exit code 5')
    const fresh = await runPlugin({ ...options, key: 'fresh.json' }, other)
    expect(fresh).toMatchObject({ status: 5, stdout: '' })
    expect(await whoami(await kubectlAs(context, other, { token }))).toMatchObject({
      username: userNameOf(instanceAt(other, 0)),
    })

    await redis.start()
    // The service connects again by itself, which takes a moment.
    const again = await runPlugin({}, other)
    expect(again.status, again.stderr).toBe(0)
  })
})
