// An OAuth client that others made, oauth4webapi, finds the token endpoint by discovery and exchanges tokens there.

import { KeyObject } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import { calculateJwkThumbprint } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TestKey } from '../../../cases/state/independent-jws.ts'
import {
  type ExchangingService,
  GOOD,
  MESH,
  VAULT,
  createExchangingService,
} from '../../../support/exchanging.ts'
import { claimsOf } from '../../../support/http.ts'
import { ISSUER } from '../../../support/test-service.ts'

let service: ExchangingService
let pair: CryptoKeyPair
let key: TestKey
let token: string
beforeAll(async () => {
  service = await createExchangingService()
  pair = await oauth.generateKeyPair('ES256', { extractable: true })
  const [privateKey, publicKey] = [KeyObject.from(pair.privateKey), KeyObject.from(pair.publicKey)]
  const jwk = publicKey.export({ format: 'jwk' })
  key = { alg: 'ES256', privateKey, publicKey, jwk, thumbprint: await calculateJwkThumbprint(jwk) }
  token = await service.enroll('node', key)
})

const options = {
  [oauth.customFetch]: (url: string, init: object): Promise<Response> =>
    service.fetch(new Request(url, init)),
}

const discover = async (algorithm: 'oidc' | 'oauth2'): Promise<oauth.AuthorizationServer> => {
  const issuer = new URL(ISSUER)
  const answer = await oauth.discoveryRequest(issuer, { algorithm, ...options })
  return oauth.processDiscoveryResponse(issuer, answer)
}

const exchange = async (
  server: oauth.AuthorizationServer,
  parameters: Readonly<Record<string, string>>,
  proofs?: oauth.DPoPHandle,
): Promise<oauth.TokenEndpointResponse> => {
  const client = { client_id: 'node' }
  const { grant_type: grant, ...rest } = { ...GOOD, subject_token: token, ...parameters }
  const answer = await oauth.genericTokenEndpointRequest(
    server,
    client,
    oauth.None(),
    grant,
    rest,
    {
      ...options,
      ...(proofs !== undefined && { DPoP: proofs }),
    },
  )
  return oauth.processGenericTokenEndpointResponse(server, client, answer)
}

describe('oauth4webapi', () => {
  it.each(['oidc', 'oauth2'] as const)(
    'exchanges a bound token after discovery by %s',
    async (algorithm) => {
      const server = await discover(algorithm)
      expect(server.token_endpoint).toBe(`${ISSUER}/v1/token`)
      const proofs = oauth.DPoP({}, pair)
      const bearer = await exchange(server, { audience: VAULT }, proofs)
      expect(bearer).toMatchObject({ token_type: 'bearer', expires_in: 120 })
      expect(claimsOf(bearer.access_token)).toMatchObject({ aud: [VAULT] })
      // The same handle makes a new proof for each call.
      const bound = await exchange(server, { audience: MESH }, proofs)
      expect(bound).toMatchObject({ token_type: 'dpop' })
      expect(claimsOf(bound.access_token)['cnf']).toEqual({ jkt: key.thumbprint })
    },
  )

  it.each<[string, Readonly<Record<string, string>>, boolean]>([
    ['invalid_target', { audience: 'https://other.test' }, true],
    ['invalid_grant', { subject_token: 'x' }, true],
    ['invalid_dpop_proof', {}, false],
    ['invalid_request', { audience: '' }, true],
  ])('reads the error %s', async (error, parameters, proves) => {
    const proofs = proves ? oauth.DPoP({}, pair) : undefined
    const refused = exchange(await discover('oauth2'), parameters, proofs)
    await expect(refused).rejects.toBeInstanceOf(oauth.ResponseBodyError)
    await expect(refused).rejects.toMatchObject({ status: 400, error })
  })
})
