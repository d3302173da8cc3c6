// `/v1/authorize` on each runtime: a bound token with its proof, headers that come twice, a body that is not read, and
// a ban that applies at once.

import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { sendRaw } from '../../support/raw-http.ts'
import { makeKey } from '../state/independent-jws.ts'
import { makeProof } from '../state/proofs.ts'
import { BOUND_CLUSTER, CLUSTER, type Inputs, PROXY } from './inputs.ts'

/** Looks at one service. */
export const checkAuthorization = async (url: string, inputs: Inputs): Promise<void> => {
  const key = await makeKey()
  const metadataUrl = inputs.nextInstance()
  const fields = new URLSearchParams({ role: 'bound', dpop_jkt: key.thumbprint })
  const made = await fetch(`${url}/v1/challenge`, { method: 'POST', body: fields })
  const { audience } = (await made.json()) as { audience: string }
  const evidence = await inputs.evidence(metadataUrl, audience)
  const enrolled = await fetch(`${url}/v1/enroll`, {
    method: 'POST',
    body: new URLSearchParams({ ...evidence, role: 'bound' }),
    headers: { DPoP: makeProof(key, url, audience) },
  })
  const { access_token: token } = (await enrolled.json()) as { access_token: string }
  const { 'instance-id': instance } = JSON.parse(evidence.document) as Record<string, string>

  const prove = (): string =>
    makeProof(key, '', '', {
      claims: {
        htm: 'GET',
        htu: `${PROXY.origin}/a%2Fb/../c`,
        iat: Math.floor(Date.now() / 1000),
        nonce: undefined,
        ath: createHash('sha256').update(token).digest('base64url'),
      },
    })
  const lines = (): string[] => [
    `Authorization: DPoP ${token}`,
    `DPoP: ${prove()}`,
    `X-Rollcall-Proxy: ${PROXY.secret}`,
    'X-Forwarded-Method: GET',
    'X-Forwarded-Uri: /a%2Fb/../c?d',
  ]
  const target = `/v1/authorize?audience=${encodeURIComponent(BOUND_CLUSTER)}&role=bound`
  const statusOf = async (
    headers: readonly string[],
    method = 'GET',
    body = '',
  ): Promise<number> => {
    const length = method === 'GET' ? [] : [`Content-Length: ${body.length}`]
    const head = [`${method} ${target} HTTP/1.1`, 'Host: evil.test', ...headers, ...length]
    return (await sendRaw(url, `${head.join('\r\n')}\r\n\r\n${body}`)).status
  }

  const headers = Object.fromEntries(lines().map((line) => line.split(/: (.*)/s).slice(0, 2)))
  const answer = await fetch(url + target, { headers: headers as Record<string, string> })
  expect([answer.status, await answer.text()]).toEqual([200, ''])
  const names = ['subject', 'instance', 'account', 'region', 'role', 'groups', 'key', 'expires']
  const identity = names.map((name) => answer.headers.get(`x-rollcall-${name}`))
  expect(identity).toEqual([
    expect.stringMatching(/^acs:ecs:/),
    instance,
    expect.any(String),
    expect.any(String),
    'bound',
    '',
    key.thumbprint,
    expect.stringMatching(/^[0-9]{10}$/),
  ])
  // The same proof again.
  expect((await fetch(url + target, { headers: headers as Record<string, string> })).status).toBe(
    401,
  )

  expect(await statusOf(lines())).toBe(200)
  expect(await statusOf(lines(), 'POST', 'a body')).toBe(200)
  expect(await statusOf(lines().map((line) => line.replace('DPoP eyJ', 'Bearer eyJ')))).toBe(401)
  for (const [index, status] of [401, 401, 403, 401, 401].entries()) {
    const once = lines()
    expect([once[index]?.split(':')[0], await statusOf([...once, String(once[index])])]).toEqual([
      once[index]?.split(':')[0],
      status,
    ])
  }
  const other = target.replace(encodeURIComponent(BOUND_CLUSTER), encodeURIComponent(CLUSTER))
  const unbound = await fetch(url + other, { headers: { Authorization: `Bearer ${token}` } })
  expect(unbound.status).toBe(401)
  expect(unbound.headers.get('www-authenticate')).toMatch(/^Bearer .*, DPoP .*algs=/)

  const ban = `${url}/v1/admin/bans/instance/${instance}`
  const operate = async (method: string, body?: string): Promise<number> => {
    const type = body === undefined ? {} : { 'Content-Type': 'application/json' }
    const asked = { Authorization: await inputs.operator(url), ...type }
    return (await fetch(ban, { method, headers: asked, ...(body !== undefined && { body }) }))
      .status
  }
  expect(await operate('PUT', JSON.stringify({ reason: 'a test' }))).toBe(200)
  expect(await statusOf(lines())).toBe(401)
  expect(await operate('DELETE')).toBe(200)
  expect(await statusOf(lines())).toBe(200)
}
