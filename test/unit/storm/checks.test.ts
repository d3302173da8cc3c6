import { generateKeyPairSync, randomUUID } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { describe, expect, it } from 'vitest'
import type { Actor } from '../../storm/cast.ts'
import { type Observed, type PublishedKey, checkStorm } from '../../storm/checks.ts'
import type { ReceivedToken } from '../../storm/clients.ts'

const ISSUER = 'https://rollcall.example'
const AUDIENCE = 'https://cluster.example'

const newKey = (kid: string) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { kid, privateKey, published: { ...publicKey.export({ format: 'jwk' }), kid } }
}
const KEY = newKey('k-1')
const OTHER = newKey('k-1')

const actor = (instanceId: string, kind: Actor['kind'] = 'honest'): Actor => ({
  kind,
  role: 'node',
  document: '{}',
  account: '1',
  region: 'cn-hangzhou',
  instanceId,
  startSeconds: 0,
})
const ALICE = actor('i-alice')
const BOB = actor('i-bob')
const MALLORY = actor('i-mallory', 'forged')

const tokenOf = (
  owner: Actor,
  changes: { jti?: string; sub?: string; key?: typeof KEY } = {},
): string =>
  jsonwebtoken.sign(
    { role: owner.role, sub: `acs:ecs:cn-hangzhou:1:instance/${owner.instanceId}` },
    (changes.key ?? KEY).privateKey,
    {
      algorithm: 'ES256',
      keyid: KEY.kid,
      issuer: ISSUER,
      audience: AUDIENCE,
      jwtid: changes.jti ?? `jti-${owner.instanceId}`,
      ...(changes.sub !== undefined && { subject: changes.sub }),
    },
  )

const received = (owner: Actor, changes: Parameters<typeof tokenOf>[1] = {}): ReceivedToken => ({
  actor: owner,
  challenge: `challenge-${owner.instanceId}`,
  token: tokenOf(owner, changes),
  jkt: undefined,
})

const recordOf = ({ instanceId }: Actor, enrollments = 1) => ({
  owner_account_id: '1',
  region_id: 'cn-hangzhou',
  instance_id: instanceId,
  enrollments,
})

const GOOD: Observed = {
  issuer: ISSUER,
  cast: [ALICE, BOB, MALLORY],
  endings: [
    { actor: ALICE, outcome: 'token', detail: '', ms: 1 },
    { actor: BOB, outcome: 'token', detail: '', ms: 1 },
    { actor: MALLORY, outcome: 'refused', detail: '401', ms: 1 },
  ],
  // The first answer was lost, and the client sent the request again.
  tokens: [received(ALICE), received(ALICE), received(BOB)],
  records: [recordOf(ALICE), recordOf(BOB)],
  issued: new Map([
    ['i-alice', new Set(['jti-i-alice'])],
    ['i-bob', new Set(['jti-i-bob'])],
  ]),
  keys: [KEY.published as PublishedKey],
  earlierKeys: undefined,
}

const broken = (changes: Partial<Observed>): readonly string[] =>
  checkStorm({ ...GOOD, ...changes }).flatMap(({ name, problems }) =>
    problems.map((problem) => `${name}: ${problem}`),
  )

describe('checkStorm()', () => {
  it('accepts a storm in which all went well', () => {
    expect(broken({})).toEqual([])
  })

  it.each<[string, Partial<Observed>, string]>([
    [
      'an honest instance without a token',
      { endings: [{ actor: ALICE, outcome: 'failed', detail: 'gave up', ms: 1 }] },
      'i-alice (honest): failed gave up, expected token',
    ],
    [
      'an instance that did not end',
      { endings: GOOD.endings.slice(1) },
      'i-alice (honest): did not end, expected token',
    ],
    ['a missing record', { records: [recordOf(ALICE)] }, 'i-bob (honest): 0 records, expected one'],
    [
      'two records of one instance',
      { records: [...GOOD.records, recordOf(BOB)] },
      'i-bob (honest): 2 records, expected one',
    ],
    [
      'an enrollment that was counted twice',
      { records: [recordOf(ALICE), recordOf(BOB, 2)] },
      'i-bob (honest): 2 enrollments in its record, 1 in the log',
    ],
    [
      'two tokens for one challenge',
      { tokens: [received(ALICE), received(ALICE, { jti: 'other' })] },
      'challenge challenge-i-alice: 2 different tokens, expected one',
    ],
    [
      'one token for two challenges',
      { tokens: [received(ALICE), { ...received(ALICE), challenge: 'second' }] },
      'token jti-i-alice was issued for two challenges',
    ],
    [
      'a token that another key signed',
      { tokens: [received(ALICE, { key: OTHER })] },
      'i-alice (honest): invalid signature',
    ],
    [
      'a token whose key was not published in time',
      { earlierKeys: [] },
      'i-alice (honest): its key k-1 is not published',
    ],
    [
      'a token for another instance',
      { tokens: [{ ...received(BOB), actor: ALICE }] },
      'i-alice (honest): sub is acs:ecs:cn-hangzhou:1:instance/i-bob',
    ],
    [
      'a token that is not bound to the key',
      { tokens: [{ ...received(ALICE), jkt: 'thumbprint' }] },
      'i-alice (honest): cnf.jkt is undefined, expected thumbprint',
    ],
    [
      'a token without an audit event',
      { issued: new Map([...GOOD.issued, ['i-alice', new Set([randomUUID()])]]) },
      'i-alice: token jti-i-alice has no audit event',
    ],
    [
      'a dishonest instance that was not refused',
      { endings: [{ actor: MALLORY, outcome: 'token', detail: '', ms: 1 }] },
      'i-mallory (forged): token, expected refused',
    ],
    [
      'a dishonest instance with a token',
      { tokens: [received(MALLORY)] },
      'i-mallory (forged): received a token',
    ],
    [
      'a dishonest instance with a record',
      { records: [...GOOD.records, recordOf(MALLORY)] },
      'i-mallory (forged): has a record',
    ],
    [
      'a record of an instance that nobody booted',
      { records: [...GOOD.records, recordOf(actor('i-nobody'))] },
      '1/cn-hangzhou/i-nobody: has a record',
    ],
  ])('finds %s', (_, changes, problem) => {
    expect(broken(changes).join('\n')).toContain(problem)
  })
})
