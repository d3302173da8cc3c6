// Introspection by a relying party on a runtime: a bound token and its exchange are active until a ban, an assertion is
// for one request, and tokens of other audiences are not active.

import { expect } from 'vitest'
import { claimsOf } from '../../support/http.ts'
import { getChallenge, postEvidence } from '../../support/instance.ts'
import { createKey } from './exchange.ts'
import { BOUND_CLUSTER, EXCHANGED_FOR, type Inputs } from './inputs.ts'

const REQUESTS_AT_ONCE = 8

/** Enrolls a new instance with a key, and exchanges its token. @returns both tokens */
export const enrollAndExchange = async (
  url: string,
  inputs: Inputs,
): Promise<{ readonly token: string; readonly child: string; readonly jkt: string }> => {
  const { jkt, prove } = await createKey()
  const fields = new URLSearchParams({ role: 'bound', dpop_jkt: jkt })
  const made = await fetch(`${url}/v1/challenge`, { method: 'POST', body: fields })
  const { audience } = (await made.json()) as { audience: string }
  const evidence = await inputs.evidence(inputs.nextInstance(), audience)
  const enrolled = await fetch(`${url}/v1/enroll`, {
    method: 'POST',
    headers: { DPoP: await prove({ htu: `${url}/v1/enroll`, nonce: audience }) },
    body: new URLSearchParams({ ...evidence, role: 'bound' }),
  })
  const { access_token: token } = (await enrolled.json()) as { access_token: string }
  const exchange = async (): Promise<string> => {
    const exchanged = await fetch(`${url}/v1/token`, {
      method: 'POST',
      headers: { DPoP: await prove({ htu: `${url}/v1/token` }) },
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        subject_token: token,
        audience: EXCHANGED_FOR,
      }),
    })
    return ((await exchanged.json()) as { access_token?: string }).access_token ?? ''
  }
  let child = ''
  // A ledger that has just begun refuses proofs for two seconds.
  await expect.poll(async () => (child = await exchange()), { timeout: 5_000 }).not.toBe('')
  return { token, child, jkt }
}

/** Looks at all of it, for new instances. */
export const expectIntrospections = async (url: string, inputs: Inputs): Promise<void> => {
  const { token, child, jkt } = await enrollAndExchange(url, inputs)
  const send = (body: URLSearchParams): Promise<Response> =>
    fetch(`${url}/v1/introspect`, { method: 'POST', body })
  const ask = async (shown: string): Promise<unknown> => {
    const answer = await send(inputs.introspection(url, shown))
    return [answer.status, await answer.json()]
  }

  expect(claimsOf(token)).toMatchObject({ aud: [BOUND_CLUSTER], cnf: { jkt } })
  const ofToken = { active: true, token_type: 'DPoP', ...claimsOf(token) }
  expect(await ask(token)).toEqual([200, ofToken])
  const parent = claimsOf(token)['jti']
  expect(claimsOf(child)).toMatchObject({ aud: [EXCHANGED_FOR], enrollment_jti: parent })
  const ofChild = { active: true, token_type: 'Bearer', ...claimsOf(child) }
  expect(await ask(child)).toEqual([200, ofChild])
  const unbound = await inputs.evidence(inputs.nextInstance(), await getChallenge(url))
  const { body: elsewhere } = await postEvidence(url, unbound)
  expect(await ask(String(elsewhere['access_token']))).toEqual([200, { active: false }])

  const once = inputs.introspection(url, token)
  const all = await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, () => send(once)))
  const statuses = all.map(({ status }) => status).toSorted()
  expect(statuses).toEqual([200, ...Array.from({ length: REQUESTS_AT_ONCE - 1 }, () => 401)])
  const again = await send(once)
  expect([again.status, await again.json()]).toMatchObject([401, { error: 'invalid_client' }])

  const { ecs } = claimsOf(token) as { ecs: Readonly<Record<string, string>> }
  const banned = await fetch(`${url}/v1/admin/bans/instance/${ecs['instance_id']}`, {
    method: 'PUT',
    headers: { Authorization: await inputs.operator(url), 'Content-Type': 'application/json' },
    body: JSON.stringify({ reason: 'a test' }),
  })
  expect(banned.status).toBe(200)
  for (const shown of [token, child]) expect(await ask(shown)).toEqual([200, { active: false }])
}
