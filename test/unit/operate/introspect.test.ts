// Whether a token of ours is active: each reason why not, also those that arise between two questions.

import { beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { LedgerFormatError, LedgerUnavailableError } from '../../../src/base/errors.ts'
import { accept, refuse } from '../../../src/base/result.ts'
import { readIdentityDocument } from '../../../src/codec/identity-document.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { type IntrospectionRefusal, introspect } from '../../../src/operate/introspect.ts'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { type BanKind, ban, banKey } from '../../../src/registry/bans.ts'
import {
  type InstanceRecord,
  encodeRecords,
  instanceKey,
  unknownInstance,
} from '../../../src/registry/instance-record.ts'
import { revokeToken } from '../../../src/registry/revocation.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { issueToken } from '../../../src/token/issue.ts'
import { type SigningKeys, parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { ISSUER, admitting } from '../../support/test-enroller.ts'
import { documentText } from '../../support/test-cloud.ts'

const NOW = 1_800_000_000
const IDENTITY = { ...readIdentityDocument(utf8(documentText())), trustAnchor: 'a', digest: 'd' }

let keys: SigningKeys
let token: string
beforeAll(async () => {
  keys = await parseSigningKeys(await generateSigningKeys('ES256'))
  token = await issue()
})

const issue = (changes: { issuer?: string; issuedAt?: number } = {}): Promise<string> => {
  const [role] = parsePolicy(admitting()).roles
  if (role === undefined) throw new Error('no role')
  const content = {
    issuer: ISSUER,
    identity: IDENTITY,
    role,
    audience: ['a'],
    jti: 'j',
    issuedAt: NOW,
  }
  return issueToken(keys, { ...content, ...changes })
}

const ask = (ledger: Ledger, text = token, now = NOW) =>
  introspect({ issuer: ISSUER, published: keys, ledger }, text, now)

const record = (changes: Partial<InstanceRecord>): InstanceRecord => ({
  ...unknownInstance(IDENTITY.serialNumber),
  count: 1,
  ...changes,
})
const remember = (ledger: Ledger, ...records: InstanceRecord[]) =>
  ledger.compareAndSet(
    { key: instanceKey(IDENTITY), value: encodeRecords(records) },
    undefined,
    NOW,
  )
const banning = (kind: BanKind, value: string) => (ledger: Ledger) =>
  ban(ledger, { kind, value, reason: 'r', by: 'o', kid: 'k', at: NOW })

describe('introspect()', () => {
  it.each<[string, (ledger: Ledger) => Promise<unknown>]>([
    ['of which nothing is known', async () => undefined],
    ['whose instance has enrolled', (ledger) => remember(ledger, record({ lastAt: NOW }))],
    [
      'that was issued after the revocation',
      (ledger) => remember(ledger, record({ revokedUntil: NOW - 1 })),
    ],
    [
      'of another serial number than the one revoked',
      (ledger) => remember(ledger, { ...record({ revokedUntil: NOW }), serialNumber: 'x' }),
    ],
    ['another than the one revoked', (ledger) => revokeToken(ledger, 'k', NOW)],
    ['of another account than the one banned', banning('account', '1')],
  ])('gives the claims of a token %s', async (_, prepare) => {
    const ledger = createMemoryLedger(0)
    await prepare(ledger)
    const claims = { iss: ISSUER, jti: 'j', iat: NOW, exp: NOW + 300 }
    expect(await ask(ledger)).toEqual(accept(expect.objectContaining(claims)))
  })

  it.each<[IntrospectionRefusal, string, (ledger: Ledger) => Promise<unknown>]>([
    ['token_revoked', 'was revoked alone', (ledger) => revokeToken(ledger, 'j', NOW)],
    [
      'token_revoked',
      'was revoked with its instance, in its very second',
      (ledger) => remember(ledger, record({ revokedUntil: NOW })),
    ],
    [
      'token_revoked',
      'is of a forgotten instance',
      (ledger) => remember(ledger, record({ count: 0, revokedUntil: NOW + 1 })),
    ],
    [
      'token_before_reset',
      'was issued in the second of a reset',
      (ledger) => remember(ledger, record({ resetAt: NOW })),
    ],
    ['banned', 'is of a banned account', banning('account', IDENTITY.ownerAccountId)],
    ['banned', 'is of a banned image', banning('image', IDENTITY.imageId)],
    ['banned', 'is of a banned instance', banning('instance', IDENTITY.instanceId)],
    [
      'token_revoked',
      'was revoked, and is of a banned account',
      async (ledger) => {
        await revokeToken(ledger, 'j', NOW)
        await banning('account', IDENTITY.ownerAccountId)(ledger)
      },
    ],
  ])('refuses as %s one that %s', async (reason, _, prepare) => {
    const ledger = createMemoryLedger(0)
    await prepare(ledger)
    expect(await ask(ledger)).toEqual(refuse(reason))
  })

  it.each<[IntrospectionRefusal, string, () => Promise<string> | string, number?]>([
    ['malformed', 'text', () => 'x'],
    ['malformed', 'nothing', () => ''],
    ['signature_invalid', 'a changed token', () => token.replace(/\.[^.]+$/, `.${'A'.repeat(86)}`)],
    ['issuer_mismatch', 'another service’s token', () => issue({ issuer: 'https://b.example' })],
    ['token_expired', 'an expired token', () => token, NOW + 300],
  ])('refuses as %s %s, and asks the ledger nothing', async (reason, _, make, now) => {
    const unasked = (): never => {
      throw new Error('the ledger was asked')
    }
    const ledger = { read: unasked, compareAndSet: unasked, list: unasked }
    expect(await ask(ledger, await make(), now)).toEqual(refuse(reason))
  })

  it('gives the claims to a caller of one of its audiences, and refuses another as audience_not_of_caller', async () => {
    const askFor = (audiences: readonly string[], ledger: Ledger = createMemoryLedger(0)) =>
      introspect({ issuer: ISSUER, published: keys, ledger, audiences }, token, NOW)
    expect(await askFor(['x', 'a'])).toMatchObject({ ok: true })
    for (const audiences of [['x'], ['A'], ['a/'], ['']]) {
      expect(await askFor(audiences)).toEqual(refuse('audience_not_of_caller'))
    }
    // The answer is the same whether the token is in standing, so the ledger is not asked.
    const unasked = (): never => {
      throw new Error('the ledger was asked')
    }
    const ledger = { read: unasked, compareAndSet: unasked, list: unasked }
    expect(await askFor(['x'], ledger)).toEqual(refuse('audience_not_of_caller'))
  })

  it('refuses as token_before_ledger one that is older than the ledger, whose revocation may be lost', async () => {
    expect(await ask(createMemoryLedger(NOW + 1))).toEqual(refuse('token_before_ledger'))
    expect(await ask(createMemoryLedger(NOW))).toMatchObject({ ok: true })
  })

  it('refuses as token_before_ledger where the ledger begins anew between question and answer', async () => {
    const memory = createMemoryLedger(0)
    let remembersSince = 0
    const ledger: Ledger = {
      ...memory,
      get remembersSince() {
        return remembersSince
      },
      read: (key, now) => {
        remembersSince = NOW + 1
        return memory.read(key, now)
      },
    }
    expect(await ask(ledger)).toEqual(refuse('token_before_ledger'))
  })

  it('says nothing while the ledger is unreachable', async () => {
    for (const kind of ['revoked', 'ban', 'instance']) {
      const memory = createMemoryLedger(0)
      const ledger: Ledger = {
        ...memory,
        read: (key, now) =>
          key.startsWith(`${kind}:`)
            ? Promise.reject(new LedgerUnavailableError('gone'))
            : memory.read(key, now),
      }
      await expect(ask(ledger)).rejects.toThrow(LedgerUnavailableError)
    }
  })

  it.each(['revoked:j', banKey('account', IDENTITY.ownerAccountId), instanceKey(IDENTITY)])(
    'says nothing by what another release wrote: %s',
    async (key) => {
      const ledger = createMemoryLedger(0)
      await ledger.compareAndSet({ key, value: '2 x' }, undefined, NOW)
      await expect(ask(ledger)).rejects.toThrow(LedgerFormatError)
    },
  )
})
