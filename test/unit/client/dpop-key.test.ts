// createDpopKey(): each proof is accepted by the service's own verification, for its purpose only.

import { beforeAll, describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../src/base/result.ts'
import { type DpopKey, createDpopKey, parsePrivateKey } from '../../../src/client/index.ts'
import { verifyDpopProof } from '../../../src/token/dpop-proof.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { verifyProof } from '../../../src/token/proof.ts'

const NOW = 1_800_000_000.75
const URI = 'https://app.example/a%2Fb/../c'
const TOKEN = 'aaa.bbb.ccc'

let key: DpopKey
beforeAll(async () => {
  key = createDpopKey(await parsePrivateKey(await generateSigningKeys('ES256')))
})

const payloadOf = (proof: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(proof.split('.')[1] as string, 'base64url').toString()) as Record<
    string,
    unknown
  >

describe('createDpopKey()', () => {
  it('proves the key for a request that shows a token', async () => {
    const purpose = { method: 'GET', uri: `${URI}?q=1#f`, accessToken: TOKEN, now: NOW }
    const proof = await key.prove(purpose)
    expect(payloadOf(proof)).toMatchObject({ htm: 'GET', htu: URI, iat: 1_800_000_000 })
    expect(payloadOf(proof)).not.toHaveProperty('nonce')
    const expected = {
      method: 'GET',
      uri: URI,
      accessToken: TOKEN,
      jkt: key.thumbprint,
      now: 1_800_000_000,
    }
    expect(await verifyProof(proof, expected)).toMatchObject({ ok: true })
    expect(await verifyProof(proof, { ...expected, method: 'POST' })).toEqual(
      refuse('dpop_method_mismatch'),
    )
    expect(await verifyProof(proof, { ...expected, accessToken: 'another' })).toEqual(
      refuse('dpop_token_mismatch'),
    )
  })

  it('proves the key for an enrollment, with the challenge and without a token', async () => {
    const purpose = { method: 'POST', uri: URI, nonce: 'the-challenge' }
    const proof = await key.prove({ ...purpose, now: NOW })
    expect(payloadOf(proof)).not.toHaveProperty('ath')
    expect(await verifyDpopProof(proof, purpose)).toEqual(accept({ jkt: key.thumbprint }))
  })

  it('makes a new proof each time', async () => {
    const purpose = { method: 'GET', uri: URI, now: NOW }
    const [first, second] = [await key.prove(purpose), await key.prove(purpose)]
    expect(payloadOf(first)['jti']).not.toBe(payloadOf(second)['jti'])
  })
})
