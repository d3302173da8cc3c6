// DPoP proofs: one row for each thing that RFC 9449 section 4.3 has a server check, and its neighbours.

import { beforeAll, describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../src/base/result.ts'
import { type DpopRefusal, verifyDpopProof } from '../../../src/token/dpop-proof.ts'
import {
  ALGORITHMS,
  type Algorithm,
  type TestKey,
  hmacSigner,
  makeKey,
  signer,
} from '../../cases/state/independent-jws.ts'
import { PRODUCERS, type ProofChanges, makeProof } from '../../cases/state/proofs.ts'

const ISSUER = 'https://rollcall.example'
const NONCE = 'n'.repeat(64)
const EXPECTED = { method: 'POST', uri: `${ISSUER}/v1/enroll`, nonce: NONCE }

let key: TestKey
let other: TestKey
beforeAll(async () => {
  ;[key, other] = [await makeKey(), await makeKey()]
})

/** One key of each algorithm, made when it is first used. */
const keys = new Map<Algorithm, Promise<TestKey>>()
const keyOf = (alg: Algorithm): Promise<TestKey> => {
  const made = keys.get(alg) ?? makeKey(alg)
  keys.set(alg, made)
  return made
}

const verify = (proof: string) => verifyDpopProof(proof, EXPECTED)
const prove = (changes?: ProofChanges): string => makeProof(key, ISSUER, NONCE, changes)

describe('verifyDpopProof()', () => {
  const pairs = PRODUCERS.flatMap(([name, make]) =>
    ALGORITHMS.map((alg) => [name, alg, make] as const),
  )
  it.each(pairs)('takes a proof that %s made, by %s', async (_, alg, make) => {
    const proving = await keyOf(alg)
    const proof = await make(proving, ISSUER, NONCE)
    expect(await verify(proof)).toEqual(accept({ jkt: proving.thumbprint }))
  })

  it.each<[string, ProofChanges]>([
    ['a clock of 1970, since clocks are wrong at boot', { claims: { iat: 0 } }],
    ['a clock of the far future', { claims: { iat: 1e11 } }],
    ['claims that nobody asked for', { claims: { sub: 'x', exp: 1 } }],
    ['a kid in its header', { header: { kid: 'x' } }],
  ])('takes a proof with %s', async (_, changes) => {
    expect(await verify(prove(changes))).toEqual(accept({ jkt: key.thumbprint }))
  })

  it.each<[DpopRefusal, string, ProofChanges]>([
    ['dpop_malformed', 'of another typ', { header: { typ: 'JWT' } }],
    ['dpop_malformed', 'with an extension that must be understood', { header: { crit: ['b64'] } }],
    ['dpop_malformed', 'without a jti', { claims: { jti: undefined } }],
    ['dpop_malformed', 'with an empty jti', { claims: { jti: '' } }],
    ['dpop_malformed', 'whose jti is a number', { claims: { jti: 1 } }],
    ['dpop_malformed', 'without iat', { claims: { iat: undefined } }],
    ['dpop_malformed', 'whose iat is a text', { claims: { iat: '1' } }],
    ['dpop_malformed', 'with the hash of an access token', { claims: { ath: 'x' } }],
    ['dpop_key_refused', 'without a key', { header: { jwk: undefined } }],
    ['dpop_key_refused', 'whose key is a text', { header: { jwk: 'x' } }],
    ['dpop_key_refused', 'whose key is null', { header: { jwk: null } }],
    ['dpop_key_refused', 'whose key is symmetric', { header: { jwk: { kty: 'oct', k: 'AAAA' } } }],
    ['dpop_key_refused', 'whose key is empty', { header: { jwk: {} } }],
    ['dpop_key_refused', 'whose alg is none', { header: { alg: 'none' } }],
    ['dpop_key_refused', 'whose alg is another than its key’s', { header: { alg: 'RS256' } }],
    ['dpop_key_refused', 'by HMAC', { header: { alg: 'HS256' }, sign: hmacSigner('x') }],
    ['dpop_signature_invalid', 'without a signature', { sign: () => Buffer.alloc(0) }],
    ['dpop_method_mismatch', 'of GET', { claims: { htm: 'GET' } }],
    ['dpop_method_mismatch', 'of the method in other letters', { claims: { htm: 'post' } }],
    ['dpop_method_mismatch', 'of no method', { claims: { htm: undefined } }],
    ['dpop_uri_mismatch', 'of another path', { claims: { htu: `${ISSUER}/v1/challenge` } }],
    ['dpop_uri_mismatch', 'of a path that goes on', { claims: { htu: `${EXPECTED.uri}/` } }],
    ['dpop_uri_mismatch', 'with a query', { claims: { htu: `${EXPECTED.uri}?a` } }],
    ['dpop_uri_mismatch', 'of another host', { claims: { htu: 'https://evil.example/v1/enroll' } }],
    ['dpop_uri_mismatch', 'of http', { claims: { htu: EXPECTED.uri.replace('https', 'http') } }],
    ['dpop_uri_mismatch', 'of no address', { claims: { htu: undefined } }],
    ['dpop_nonce_mismatch', 'of another challenge', { claims: { nonce: 'm'.repeat(64) } }],
    ['dpop_nonce_mismatch', 'of no challenge', { claims: { nonce: undefined } }],
    ['dpop_nonce_mismatch', 'of a list of challenges', { claims: { nonce: [NONCE] } }],
  ])('refuses as %s a proof %s', async (reason, _, changes) => {
    expect(await verify(prove(changes))).toEqual(refuse(reason))
  })

  it.each<[DpopRefusal, string, () => string]>([
    ['dpop_malformed', 'nothing', () => ''],
    ['dpop_malformed', 'two proofs by a comma', () => `${prove()}, ${prove()}`],
    ['dpop_malformed', 'a proof with a space before it', () => ` ${prove()}`],
    [
      'dpop_malformed',
      'more than 8,192 characters',
      () => prove({ claims: { x: 'x'.repeat(8192) } }),
    ],
    [
      'dpop_key_refused',
      'a proof that gives its private key away',
      () => prove({ header: { jwk: key.privateKey.export({ format: 'jwk' }) } }),
    ],
    [
      'dpop_signature_invalid',
      'a proof by another key than it brings along',
      () => prove({ sign: signer(other.privateKey) }),
    ],
    [
      'dpop_signature_invalid',
      'a changed proof',
      () => prove().replace(/.$/, (c) => (c === 'A' ? 'Q' : 'A')),
    ],
  ])('refuses as %s %s', async (reason, _, make) => {
    expect(await verify(make())).toEqual(refuse(reason))
  })
})
