// Token exchange on a runtime: a bound token becomes a token of one audience, the attacks on it are refused, and a ban
// ends both.

import { type JWK, SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { expect } from 'vitest'
import { verifyToken } from '../../support/relying-party.ts'
import { EXCHANGED_FOR, type Inputs } from './inputs.ts'

type Members = Readonly<Record<string, unknown>>

/** A node's key, and its proofs. */
export interface NodeKey {
  readonly jkt: string
  prove(claims: Members): Promise<string>
}

/** Makes a key. */
export const createKey = async (): Promise<NodeKey> => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk: JWK = await exportJWK(publicKey)
  return {
    jkt: await calculateJwkThumbprint(jwk),
    prove: (claims) =>
      new SignJWT({ htm: 'POST', jti: crypto.randomUUID(), ...claims })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .setIssuedAt()
        .sign(privateKey),
  }
}

const post = async (
  url: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: Members }> => {
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(fields), headers })
  return { status: answer.status, body: (await answer.json()) as Members }
}

/** Looks at all of it, for one new instance. */
export const expectExchanges = async (url: string, inputs: Inputs): Promise<void> => {
  const [key, thief] = [await createKey(), await createKey()]
  const challenge = await post(`${url}/v1/challenge`, { role: 'bound', dpop_jkt: key.jkt })
  const audience = String(challenge.body['audience'])
  const evidence = await inputs.evidence(inputs.nextInstance(), audience)
  const proof = await key.prove({ htu: `${url}/v1/enroll`, nonce: audience })
  const enrolled = await post(`${url}/v1/enroll`, { ...evidence, role: 'bound' }, { DPoP: proof })
  expect(enrolled).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
  const token = String(enrolled.body['access_token'])

  const exchange = (
    fields: Readonly<Record<string, string>>,
    dpop: string,
  ): Promise<{ readonly status: number; readonly body: Members }> =>
    post(
      `${url}/v1/token`,
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        audience: EXCHANGED_FOR,
        ...fields,
      },
      { DPoP: dpop },
    )
  const prove = (by = key): Promise<string> => by.prove({ htu: `${url}/v1/token` })

  const used = await prove()
  const exchanged = await exchange({}, used)
  expect(exchanged).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: 120 } })
  const child = String(exchanged.body['access_token'])
  const { claims } = await verifyToken(child, url, EXCHANGED_FOR)
  expect(claims).toMatchObject({ aud: [EXCHANGED_FOR], enrollment_jti: expect.any(String) })

  const refusals: readonly (readonly [Readonly<Record<string, string>>, string, string])[] = [
    [{}, used, 'invalid_dpop_proof'],
    [{}, await prove(thief), 'invalid_dpop_proof'],
    [{ subject_token: child }, await prove(), 'invalid_grant'],
    [{ audience: 'https://other.example' }, await prove(), 'invalid_target'],
    [{ resource: EXCHANGED_FOR }, await prove(), 'invalid_request'],
    [{ grant_type: 'client_credentials' }, await prove(), 'unsupported_grant_type'],
  ]
  for (const [fields, dpop, error] of refusals) {
    const refused = await exchange(fields, dpop)
    expect([refused.status, refused.body['error']]).toEqual([400, error])
  }

  const operate = async (method: string, path: string, body: object): Promise<Members> => {
    const answer = await fetch(url + path, {
      method,
      headers: { Authorization: await inputs.operator(url), 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(answer.status).toBe(200)
    return (await answer.json()) as Members
  }
  const active = async (): Promise<unknown[]> =>
    Promise.all(
      [token, child].map(
        async (one) => (await operate('POST', '/v1/introspect', { token: one }))['active'],
      ),
    )
  expect(await active()).toEqual([true, true])
  const { 'instance-id': id } = JSON.parse(evidence.document) as Readonly<Record<string, string>>
  await operate('PUT', `/v1/admin/bans/instance/${id}`, { reason: 'a test' })
  expect(await active()).toEqual([false, false])
  expect((await exchange({}, await prove())).body).toMatchObject({ error: 'invalid_grant' })
}
