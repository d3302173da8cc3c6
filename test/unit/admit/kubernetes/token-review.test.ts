// Which token authenticates a node of a cluster, as which user and for which audiences; and each reason to refuse.

import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type KubernetesCluster,
  type TokenReviewReason,
  reviewToken,
} from '../../../../src/admit/kubernetes/token-review.ts'
import { utf8 } from '../../../../src/base/bytes.ts'
import { LedgerUnavailableError } from '../../../../src/base/errors.ts'
import { readIdentityDocument } from '../../../../src/codec/identity-document.ts'
import type { Ledger } from '../../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../../src/ledger/memory.ts'
import { parseNodeName } from '../../../../src/policy/node-name.ts'
import { ban } from '../../../../src/registry/bans.ts'
import {
  encodeRecords,
  instanceKey,
  unknownInstance,
} from '../../../../src/registry/instance-record.ts'
import { revokeToken } from '../../../../src/registry/revocation.ts'
import { generateSigningKeys } from '../../../../src/token/generate.ts'
import { issueToken } from '../../../../src/token/issue.ts'
import { type SigningKeys, parseSigningKeys } from '../../../../src/token/signing-keys.ts'
import { resignToken } from '../../../support/bad-tokens.ts'
import { DOCUMENT_FIELDS, documentText } from '../../../support/test-cloud.ts'

const NOW = 1_800_000_000
const ISSUER = 'https://rollcall.test'
const AUDIENCE = 'https://cluster.test'
const IDENTITY = { ...readIdentityDocument(utf8(documentText())), trustAnchor: 'a', digest: 'd' }

const template = (text: string): KubernetesCluster['nodeName'] => {
  const read = parseNodeName(text)
  if (!read.ok) throw new Error(read.refusal)
  return read.value
}

const CLUSTER: KubernetesCluster = {
  audiences: [AUDIENCE],
  roles: ['worker'],
  accounts: [IDENTITY.ownerAccountId],
  nodeName: template('{region_id}.{instance_id}'),
  webhookTokenSha256: [],
}

let keys: SigningKeys
let privateKeys: string
let good: string
beforeAll(async () => {
  const generated = await generateSigningKeys('ES256')
  privateKeys = JSON.stringify(generated)
  keys = await parseSigningKeys(generated)
  const role = {
    name: 'worker',
    match: { owner_account_id: [IDENTITY.ownerAccountId] },
    token: { audience: [AUDIENCE], lifetimeSeconds: 300, groups: ['system:masters'] },
    reenrollment: 'always',
    binding: 'none',
    exchange: [],
  } as const
  const content = { issuer: ISSUER, identity: IDENTITY, role, audience: [AUDIENCE], jti: 'good' }
  good = await issueToken(keys, { ...content, issuedAt: NOW })
})

/** The good token with changed claims, signed by the service's own key. */
const changed = (claims: Readonly<Record<string, unknown>>): string =>
  resignToken({ goodToken: good, privateKeys }, claims)

interface Asked {
  readonly token?: string
  readonly audiences?: readonly string[]
  readonly cluster?: Partial<KubernetesCluster>
  readonly ledger?: Ledger
  readonly now?: number
}

const review = ({
  token = good,
  audiences = [],
  cluster,
  ledger = createMemoryLedger(0),
  now = NOW,
}: Asked = {}) =>
  reviewToken(
    { issuer: ISSUER, published: keys, ledger, cluster: { ...CLUSTER, ...cluster } },
    { token, audiences },
    now,
  )

const ecs = (change: object): Readonly<Record<string, unknown>> => ({
  ecs: {
    owner_account_id: IDENTITY.ownerAccountId,
    instance_id: IDENTITY.instanceId,
    region_id: IDENTITY.regionId,
    zone_id: IDENTITY.zoneId,
    instance_type: IDENTITY.instanceType,
    image_id: IDENTITY.imageId,
    private_ipv4: IDENTITY.privateIpv4,
    mac: IDENTITY.mac,
    serial_number: IDENTITY.serialNumber,
    ...change,
  },
})

describe('reviewToken()', () => {
  it('makes a node of a good token, and takes no group from it', async () => {
    expect(await review()).toMatchObject({
      ok: true,
      value: {
        user: {
          username: `system:node:${DOCUMENT_FIELDS['region-id']}.${DOCUMENT_FIELDS['instance-id']}`,
          uid: IDENTITY.serialNumber,
          groups: ['system:nodes'],
          extra: {
            'rollcall.test/addresses': [IDENTITY.privateIpv4],
            'rollcall.test/role': ['worker'],
          },
        },
        audiences: [AUDIENCE],
        claims: { groups: ['system:masters'] },
      },
    })
  })

  it('names the node by the template of the cluster', async () => {
    const cluster = { nodeName: template('ecs-{instance_id}') }
    expect(await review({ cluster })).toMatchObject({
      value: { user: { username: `system:node:ecs-${IDENTITY.instanceId}` } },
    })
  })

  it('takes an unbound token that was exchanged, by the standing of its enrollment', async () => {
    const token = changed({ jti: 'child', enrollment_jti: 'good', enrollment_iat: NOW - 10 })
    expect(await review({ token })).toMatchObject({ ok: true })
    const ledger = createMemoryLedger(0)
    await revokeToken(ledger, 'good', NOW)
    expect(await review({ token, ledger })).toMatchObject({ refusal: { reason: 'token_revoked' } })
  })

  it('takes a token that lives for exactly an hour', async () => {
    expect(await review({ token: changed({ exp: NOW + 3600 }) })).toMatchObject({ ok: true })
  })

  it.each<[TokenReviewReason, string, () => Asked]>([
    ['malformed', 'no token', () => ({ token: 'x' })],
    ['issuer_mismatch', 'another issuer', () => ({ token: changed({ iss: 'https://b.test' }) })],
    ['token_expired', 'an expired token', () => ({ now: NOW + 300 })],
    ['claims_incomplete', 'a token without exp', () => ({ token: changed({ exp: undefined }) })],
    [
      'token_not_yet_valid',
      'a token of the future',
      () => ({ token: changed({ iat: NOW + 31, nbf: NOW + 1 }) }),
    ],
    [
      'acr_mismatch',
      'evidence without a challenge',
      () => ({ token: changed({ acr: 'urn:rollcall:freshness:signing_time' }) }),
    ],
    [
      'token_bound',
      'a token that is bound to a key',
      () => ({ token: changed({ cnf: { jkt: 'k'.repeat(43) } }) }),
    ],
    [
      'binding_unknown',
      'a token that is bound to a certificate',
      () => ({ token: changed({ cnf: { 'x5t#S256': 'k'.repeat(43) } }) }),
    ],
    ['binding_unknown', 'an empty cnf', () => ({ token: changed({ cnf: {} }) })],
    ['binding_unknown', 'a cnf that is null', () => ({ token: changed({ cnf: null }) })],
    [
      'token_lives_too_long',
      'a life of an hour and a second',
      () => ({ token: changed({ exp: NOW + 3601 }) }),
    ],
    ['role_not_of_cluster', 'another role', () => ({ token: changed({ role: 'builder' }) })],
    ['role_not_of_cluster', 'a role in another case', () => ({ cluster: { roles: ['Worker'] } })],
    ['account_not_of_cluster', 'another account', () => ({ cluster: { accounts: ['1'] } })],
    [
      'audience_not_of_cluster',
      'a token for another cluster',
      () => ({ token: changed({ aud: ['https://other.test'] }) }),
    ],
    [
      'audience_not_of_cluster',
      'an audience with a slash at its end',
      () => ({ token: changed({ aud: [`${AUDIENCE}/`] }) }),
    ],
    [
      'audience_not_of_cluster',
      'an audience of the API server that is not of the cluster',
      () => ({ token: changed({ aud: ['api'] }), audiences: ['api'] }),
    ],
    [
      'several_audiences',
      'a token for the cluster and for another relying party',
      () => ({ token: changed({ aud: [AUDIENCE, 'https://other.test'] }) }),
    ],
    [
      'several_audiences',
      'a token with two audiences of the cluster',
      () => ({
        token: changed({ aud: [AUDIENCE, 'b'] }),
        cluster: { audiences: [AUDIENCE, 'b'] },
        audiences: [AUDIENCE],
      }),
    ],
    [
      'several_audiences',
      'a token that names its audience twice',
      () => ({ token: changed({ aud: [AUDIENCE, AUDIENCE] }) }),
    ],
    [
      'audience_not_of_review',
      'an API server that answers to other audiences',
      () => ({ audiences: ['https://kubernetes.default.svc.cluster.local'] }),
    ],
    [
      'node_name_invalid',
      'an image of many characters in the name',
      () => ({
        token: changed(ecs({ image_id: 'm'.repeat(64) })),
        cluster: { nodeName: template('{image_id}.{instance_id}') },
      }),
    ],
  ])('refuses as %s: %s', async (reason, _, asked) => {
    expect(await review(asked())).toMatchObject({ ok: false, refusal: { reason } })
  })

  it.each<[TokenReviewReason, string, (ledger: Ledger) => Promise<unknown>]>([
    ['token_revoked', 'a token that was revoked', (ledger) => revokeToken(ledger, 'good', NOW)],
    ['banned', 'an account that is banned', (ledger) => banned(ledger, 'account')],
    ['banned', 'an image that is banned', (ledger) => banned(ledger, 'image')],
    ['banned', 'an instance that is banned', (ledger) => banned(ledger, 'instance')],
    ['token_revoked', 'an instance that was revoked', (ledger) => record(ledger, 'revokedUntil')],
    ['token_before_reset', 'an instance that was reset', (ledger) => record(ledger, 'resetAt')],
  ])('refuses as %s: %s', async (reason, _, prepare) => {
    const ledger = createMemoryLedger(0)
    await prepare(ledger)
    expect(await review({ ledger })).toMatchObject({ ok: false, refusal: { reason } })
  })

  it('refuses a token from before the ledger', async () => {
    const refused = { refusal: { reason: 'token_before_ledger' } }
    expect(
      await review({ ledger: { ...createMemoryLedger(0), remembersSince: NOW + 1 } }),
    ).toMatchObject(refused)
  })

  it('throws if the ledger is unreachable, and asks it about no token that is refused without it', async () => {
    let asked = 0
    const ledger: Ledger = {
      ...createMemoryLedger(0),
      read: async () => {
        asked += 1
        throw new LedgerUnavailableError('gone')
      },
    }
    await expect(review({ ledger })).rejects.toThrow(LedgerUnavailableError)
    asked = 0
    const token = changed({ role: 'builder' })
    expect(await review({ ledger, token })).toMatchObject({ ok: false })
    expect(asked).toBe(0)
  })

  it('gives exactly the audience that token, cluster and API server share, if the token has no other', async () => {
    const some = fc.uniqueArray(fc.constantFrom<string[]>('a', 'b', 'c', 'd', 'A', 'a/'), {
      minLength: 1,
    })
    await fc.assert(
      fc.asyncProperty(
        some,
        some,
        fc.oneof(some, fc.constant<string[]>([])),
        async (aud, own, asked) => {
          const reviewed = await review({
            token: changed({ aud }),
            audiences: asked,
            cluster: { audiences: own },
          })
          const shared = own.filter(
            (it) => aud.includes(it) && (asked.length === 0 || asked.includes(it)),
          )
          expect(reviewed.ok).toBe(aud.length === 1 && shared.length === 1)
          if (reviewed.ok) expect(reviewed.value.audiences).toEqual(shared)
        },
      ),
      { numRuns: 100 },
    )
  })
})

const banned = (ledger: Ledger, kind: 'account' | 'image' | 'instance'): Promise<unknown> => {
  const value = {
    account: IDENTITY.ownerAccountId,
    image: IDENTITY.imageId,
    instance: IDENTITY.instanceId,
  }[kind]
  return ban(ledger, { kind, value, reason: 'r', by: 'o', kid: 'k', at: NOW })
}

const record = (ledger: Ledger, member: 'revokedUntil' | 'resetAt'): Promise<unknown> => {
  const value = encodeRecords([{ ...unknownInstance(IDENTITY.serialNumber), [member]: NOW }])
  return ledger.compareAndSet({ key: instanceKey(IDENTITY), value }, undefined, NOW)
}
