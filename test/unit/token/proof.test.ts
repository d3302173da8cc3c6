// Proofs of a request that shows a bound token: one row for each check of RFC 9449 section 4.3, and each proof once.

import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../src/base/result.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import {
  type ProofRefusal,
  comparableUri,
  spendProof,
  verifyProof,
} from '../../../src/token/proof.ts'
import { ALGORITHMS, type TestKey, makeKey } from '../../cases/state/independent-jws.ts'
import { makeProof } from '../../cases/state/proofs.ts'
import { knownRsaPair } from '../../support/known-rsa-keys.ts'

const NOW = 1_800_000_000
const TOKEN = 'eyJ.eyJ.sig'
const URI = 'https://app.example/a%2Fb/../c'
const ATH = createHash('sha256').update(TOKEN).digest('base64url')
const CLAIMS = { jti: 'p', htm: 'GET', htu: URI, iat: NOW, ath: ATH, nonce: undefined }

let key: TestKey
let other: TestKey
let large: TestKey
beforeAll(async () => {
  ;[key, other] = [await makeKey(), await makeKey()]
  const { privateKey, publicKey } = knownRsaPair(4608)
  large = {
    alg: 'RS256',
    jwk: publicKey.export({ format: 'jwk' }),
    privateKey,
    publicKey,
    thumbprint: '',
  }
})

const prove = (by: TestKey, claims: object = {}, header: object = {}): string =>
  makeProof(by, 'https://unused.example', 'n', {
    header: { ...header },
    claims: { ...CLAIMS, ...claims },
  })

const EXPECTED = { method: 'GET', uri: URI, accessToken: TOKEN, now: NOW }
const verify = (proof: string, expected: Partial<Parameters<typeof verifyProof>[1]> = {}) =>
  verifyProof(proof, { ...EXPECTED, jkt: key.thumbprint, ...expected })

describe('verifyProof()', () => {
  it.each(ALGORITHMS)('accepts a proof by %s', async (alg) => {
    const proving = await makeKey(alg)
    const verified = await verify(prove(proving), { jkt: proving.thumbprint })
    expect(verified).toEqual(accept({ jkt: proving.thumbprint, jti: 'p', iat: NOW }))
  })

  it.each<[string, object]>([
    ['made 60 s ago', { iat: NOW - 60 }],
    ['made 60 s ahead', { iat: NOW + 60 }],
    ['whose htu has a query', { htu: `${URI}?x=1` }],
    [
      'whose htu names the host in capitals and the default port',
      { htu: URI.replace('app.example', 'APP.example:443') },
    ],
    ['whose jti has 128 characters', { jti: 'j'.repeat(128) }],
    ['with a nonce that nobody asked for', { nonce: 'n' }],
  ])('accepts a proof %s', async (_, claims) => {
    expect(await verify(prove(key, claims))).toMatchObject({ ok: true })
  })

  it.each<[ProofRefusal, string, object, object?]>([
    ['dpop_malformed', 'of another typ', {}, { typ: 'JWT' }],
    ['dpop_malformed', 'without jti', { jti: undefined }],
    ['dpop_malformed', 'whose jti has 129 characters', { jti: 'j'.repeat(129) }],
    ['dpop_malformed', 'without iat', { iat: undefined }],
    ['dpop_malformed', 'whose htu is a list', { htu: [URI] }],
    ['dpop_key_refused', 'without a key', {}, { jwk: undefined }],
    [
      'dpop_key_refused',
      'with a private key',
      {},
      { jwk: { kty: 'EC', crv: 'P-256', x: 'a', y: 'a', d: 'a' } },
    ],
    ['dpop_method_mismatch', 'for another method', { htm: 'POST' }],
    ['dpop_method_mismatch', 'for the method in small letters', { htm: 'get' }],
    ['dpop_uri_mismatch', 'for another path', { htu: 'https://app.example/c' }],
    [
      'dpop_uri_mismatch',
      'for the path after it was resolved',
      { htu: 'https://app.example/a%2Fc' },
    ],
    [
      'dpop_uri_mismatch',
      'for another port',
      { htu: URI.replace('app.example', 'app.example:444') },
    ],
    ['dpop_uri_mismatch', 'for another scheme', { htu: URI.replace('https', 'http') }],
    ['dpop_uri_mismatch', 'with a fragment', { htu: `${URI}#x` }],
    ['dpop_uri_mismatch', 'with user information', { htu: URI.replace('app', 'me@app') }],
    ['dpop_uri_mismatch', 'for a path alone', { htu: '/a%2Fb/../c' }],
    ['dpop_token_mismatch', 'without ath', { ath: undefined }],
    ['dpop_token_mismatch', 'with the hash of another token', { ath: 'x' }],
    ['dpop_not_in_time', 'made 61 s ago', { iat: NOW - 61 }],
    ['dpop_not_in_time', 'made 61 s ahead', { iat: NOW + 61 }],
  ])('refuses as %s a proof %s', async (reason, _, claims, header = {}) => {
    expect(await verify(prove(key, claims, header))).toEqual(refuse(reason))
  })

  it('refuses two proofs that a proxy joined by a comma', async () => {
    expect(await verify(`${prove(key)}, ${prove(key)}`)).toEqual(refuse('dpop_malformed'))
  })

  it('refuses a proof by another key than the token is bound to', async () => {
    expect(await verify(prove(other))).toEqual(refuse('dpop_key_mismatch'))
  })

  it('refuses a proof by an RSA key above 4096 bits, which costs too much to verify', async () => {
    expect(await verify(prove(large))).toEqual(refuse('dpop_key_refused'))
  })

  it('at a token endpoint accepts a proof without ath, and refuses a wrong one', async () => {
    const allow = { allowAbsentAth: true }
    expect(await verify(prove(key, { ath: undefined }), allow)).toMatchObject({ ok: true })
    expect(await verify(prove(key, { ath: 'x' }), allow)).toEqual(refuse('dpop_token_mismatch'))
  })
})

describe('comparableUri()', () => {
  it.each([
    ['https://A.example', 'https://a.example/'],
    ['HTTPS://a.example:443/x?y', 'https://a.example/x'],
    ['http://a.example:80/', 'http://a.example/'],
    ['https://a.example:80/', 'https://a.example:80/'],
    ['https://[::1]:443/A/%2f/../', 'https://[::1]/A/%2f/../'],
  ])('brings %s to %s', (uri, expected) => {
    expect(comparableUri(uri)).toBe(expected)
  })

  it.each([
    'https://\u212Aube.example/',
    '',
    '/a',
    'ftp://a.example/',
    'https://',
    'https://a b/',
    'https://a.example/#f',
  ])('refuses %j', (uri) => {
    expect(comparableUri(uri)).toBeUndefined()
  })
})

describe('spendProof()', () => {
  const proof = { jkt: 'k', jti: 'p', iat: NOW }

  it('lets one of fifty callers pass that show one proof at the same time', async () => {
    const ledger = createMemoryLedger(0)
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => spendProof(ledger, proof, NOW)),
    )
    expect(outcomes.filter(({ ok }) => ok)).toEqual([accept(proof)])
    expect(outcomes.filter(({ ok }) => !ok)).toEqual(Array(49).fill(refuse('dpop_replayed')))
  })

  it('tells proofs apart by key and by jti', async () => {
    const ledger = createMemoryLedger(0)
    await spendProof(ledger, proof, NOW)
    expect(await spendProof(ledger, { ...proof, jkt: 'l' }, NOW)).toMatchObject({ ok: true })
    expect(await spendProof(ledger, { ...proof, jti: 'q' }, NOW)).toMatchObject({ ok: true })
  })

  it('stores a proof as long as any clock in tolerance accepts it', async () => {
    const ledger = createMemoryLedger(0)
    const early = { ...proof, iat: NOW + 60 }
    await spendProof(ledger, early, NOW)
    expect(await spendProof(ledger, early, NOW + 120)).toEqual(refuse('dpop_replayed'))
  })

  it('accepts a proof of the first second of the ledger, as everything of that second is accepted', async () => {
    expect(await spendProof(createMemoryLedger(NOW), proof, NOW)).toEqual(accept(proof))
  })

  it('refuses a proof from before the ledger, also if the ledger begins anew meanwhile', async () => {
    expect(await spendProof(createMemoryLedger(NOW + 1), proof, NOW)).toEqual(
      refuse('dpop_not_in_time'),
    )
    const memory = createMemoryLedger(0)
    let remembersSince = 0
    const ledger: Ledger = {
      ...memory,
      get remembersSince() {
        return remembersSince
      },
      compareAndSet: (...args) => {
        remembersSince = NOW + 1
        return memory.compareAndSet(...args)
      },
    }
    expect(await spendProof(ledger, proof, NOW)).toEqual(refuse('dpop_not_in_time'))
  })
})
