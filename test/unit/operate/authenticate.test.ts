// Who an operator is: each reason to refuse a token, in the order in which they are looked at.

import { beforeAll, describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { accept, refuse } from '../../../src/base/result.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { type OperatorRefusal, authenticateOperator } from '../../../src/operate/authenticate.ts'
import { type OperatorKey, parseOperatorKeys } from '../../../src/token/operator-keys.ts'
import { type TestKey, compactJws, makeKey, signer } from '../../cases/state/independent-jws.ts'

type Members = Readonly<Record<string, unknown>>

const ISSUER = 'https://rollcall.example'
const NOW = 1_800_000_000
const CALL = { method: 'POST', path: '/v1/operators/bans', scope: 'write' } as const
const CLAIMS = { aud: ISSUER, sub: 'alice', jti: 'j', iat: NOW, exp: NOW + 60 }

let named: TestKey
let plain: TestKey
let reader: TestKey
let operatorKeys: readonly OperatorKey[]
beforeAll(async () => {
  ;[named, plain, reader] = [await makeKey('EdDSA'), await makeKey('EdDSA'), await makeKey('EdDSA')]
  operatorKeys = await parseOperatorKeys({
    keys: [{ ...named.jwk, name: 'alice' }, plain.jwk, { ...reader.jwk, scope: ['read'] }],
  })
})

const tokenBy = (key: TestKey, changes: Members = {}): string =>
  compactJws(
    { alg: 'EdDSA', typ: 'rollcall-admin+jwt', kid: key.thumbprint },
    { ...CLAIMS, ...changes },
    signer(key.privateKey),
  )

const authenticate = (
  token: string | undefined,
  ledger: Ledger = createMemoryLedger(0),
  now = NOW,
) => authenticateOperator({ issuer: ISSUER, ledger, operatorKeys }, token, CALL, now)

describe('authenticateOperator()', () => {
  it.each<[string, () => string, string]>([
    ['of a key with a name', () => tokenBy(named), 'alice'],
    ['of a key without a name, who says who it is', () => tokenBy(plain, { sub: 'bob' }), 'bob'],
    ['for this method', () => tokenBy(plain, { htm: 'POST' }), 'alice'],
    ['for this call', () => tokenBy(plain, { htm: 'POST', htu: ISSUER + CALL.path }), 'alice'],
  ])('knows the operator by a token %s', async (_, token, sub) => {
    expect(await authenticate(token())).toEqual(accept({ sub, kid: expect.any(String) as string }))
  })

  it('says which key signed', async () => {
    expect(await authenticate(tokenBy(named))).toMatchObject({ value: { kid: named.thumbprint } })
  })

  type Known = readonly ('sub' | 'kid')[]
  it.each<[OperatorRefusal, string, () => readonly [TestKey, Members], Known]>([
    ['operator_token_invalid', 'that has expired', () => [named, { exp: NOW - 30 }], []],
    ['operator_token_invalid', 'for another service', () => [named, { aud: 'x' }], []],
    [
      'operator_name_mismatch',
      'by another name than its key’s',
      () => [named, { sub: 'bob' }],
      ['kid'],
    ],
    [
      'operator_name_mismatch',
      'by the name in other letters',
      () => [named, { sub: 'Alice' }],
      ['kid'],
    ],
    [
      'operator_token_for_another_call',
      'of another method',
      () => [plain, { htm: 'GET' }],
      ['sub', 'kid'],
    ],
    [
      'operator_token_for_another_call',
      'of no method',
      () => [plain, { htm: null }],
      ['sub', 'kid'],
    ],
    [
      'operator_token_for_another_call',
      'of another path',
      () => [plain, { htu: `${ISSUER}/v1/operators` }],
      ['sub', 'kid'],
    ],
    [
      'operator_token_for_another_call',
      'with a query',
      () => [plain, { htu: `${ISSUER}${CALL.path}?a` }],
      ['sub', 'kid'],
    ],
    [
      'operator_token_for_another_call',
      'of another host',
      () => [plain, { htu: `https://other.example${CALL.path}` }],
      ['sub', 'kid'],
    ],
    ['operator_scope_missing', 'of a key that only reads', () => [reader, {}], ['sub', 'kid']],
    [
      'operator_token_for_another_call',
      'for another call, of a key that only reads',
      () => [reader, { htm: 'GET' }],
      ['sub', 'kid'],
    ],
  ])('refuses as %s a token %s, and stays unspent', async (reason, _, make, known) => {
    const [key, changes] = make()
    const ledger = createMemoryLedger(0)
    const facts = { sub: changes['sub'] ?? 'alice', kid: key.thumbprint }
    const told = Object.fromEntries(known.map((name) => [name, facts[name]]))
    for (let i = 0; i < 2; i++) {
      const refused = await authenticate(tokenBy(key, changes), ledger)
      expect(refused).toEqual(refuse({ reason, ...told }))
    }
  })

  it('refuses as operator_token_missing a call without a token', async () => {
    expect(await authenticate(undefined)).toEqual(refuse({ reason: 'operator_token_missing' }))
  })

  it('refuses as operator_token_invalid a text that is not a token, and names no operator', async () => {
    for (const token of ['', 'x', 'a.b.c', tokenBy(await makeKey('EdDSA'))]) {
      expect(await authenticate(token)).toEqual(refuse({ reason: 'operator_token_invalid' }))
    }
  })

  it('refuses as operator_token_used one that was used, also by a clock that is behind', async () => {
    const ledger = createMemoryLedger(0)
    expect(await authenticate(tokenBy(plain), ledger)).toMatchObject({ ok: true })
    const refused = refuse({ reason: 'operator_token_used', sub: 'alice', kid: plain.thumbprint })
    for (const now of [NOW, NOW + 89, NOW - 30]) {
      expect(await authenticate(tokenBy(plain), ledger, now)).toEqual(refused)
    }
    expect(await authenticate(tokenBy(plain, { jti: 'k' }), ledger)).toMatchObject({ ok: true })
  })

  it('tells keys apart that used one jti', async () => {
    const ledger = createMemoryLedger(0)
    expect(await authenticate(tokenBy(plain), ledger)).toMatchObject({ ok: true })
    expect(await authenticate(tokenBy(named), ledger)).toMatchObject({ ok: true })
  })

  it('refuses a token from before the ledger began, whose use could be forgotten', async () => {
    const refused = refuse({ reason: 'operator_token_invalid', kid: plain.thumbprint })
    expect(await authenticate(tokenBy(plain), createMemoryLedger(NOW + 1))).toEqual(refused)
    expect(await authenticate(tokenBy(plain), createMemoryLedger(NOW))).toMatchObject({ ok: true })
  })

  it('refuses where the ledger began anew while it was asked', async () => {
    const memory = createMemoryLedger(0)
    let began = 0
    const ledger: Ledger = {
      ...memory,
      get remembersSince() {
        return began
      },
      compareAndSet(...change) {
        began = NOW + 1
        return memory.compareAndSet(...change)
      },
    }
    expect(await authenticate(tokenBy(plain), ledger)).toMatchObject({
      refusal: { reason: 'operator_token_invalid' },
    })
  })

  it('lets an unreachable ledger through as what it is', async () => {
    const ledger: Ledger = {
      ...createMemoryLedger(0),
      compareAndSet: () => Promise.reject(new LedgerUnavailableError('gone')),
    }
    await expect(authenticate(tokenBy(plain), ledger)).rejects.toThrow(LedgerUnavailableError)
  })
})
