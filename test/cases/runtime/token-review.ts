// TokenReview on each runtime: an unbound token and an exchanged one authenticate a node until a ban, a bound one does not.

import { expect } from 'vitest'
import { claimsOf } from '../../support/http.ts'
import { getChallenge, postEvidence } from '../../support/instance.ts'
import { CLUSTER, EXCHANGED_FOR, type Inputs, WEBHOOK_TOKEN } from './inputs.ts'
import { enrollAndExchange } from './introspection.ts'

/** What the API server asks. */
interface Spec {
  readonly token: string
  readonly audiences?: readonly string[]
}

/** Asks as the webhook client of the API server does. */
export const postReview = (
  url: string,
  spec: Spec,
  webhookToken = WEBHOOK_TOKEN,
): Promise<Response> =>
  fetch(`${url}/v1/kubernetes/tokenreview?timeout=30s`, {
    method: 'POST',
    headers: {
      Accept: 'application/json, */*',
      Authorization: `Bearer ${webhookToken}`,
      'Content-Type': 'application/json',
    },
    body: `${JSON.stringify({
      kind: 'TokenReview',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { creationTimestamp: null },
      spec,
      status: { user: {} },
    })}\n`,
  })

/** Enrolls a new instance as a worker. @returns its unbound token, and its claims */
export const enrollWorker = async (
  url: string,
  inputs: Inputs,
): Promise<{ readonly token: string; readonly ecs: Readonly<Record<string, string>> }> => {
  const challenge = await getChallenge(url, 'worker')
  const evidence = await inputs.evidence(inputs.nextInstance(), challenge)
  const { body } = await postEvidence(url, { ...evidence, role: 'worker' })
  const token = String(body['access_token'])
  return { token, ecs: claimsOf(token)['ecs'] as Readonly<Record<string, string>> }
}

/** Looks at one service. */
export const checkTokenReviews = async (url: string, inputs: Inputs): Promise<void> => {
  const statusOf = async (spec: Spec): Promise<unknown> => {
    const answer = await postReview(url, spec)
    expect([answer.status, answer.headers.get('Cache-Control')]).toEqual([200, 'no-store'])
    return ((await answer.json()) as { readonly status: unknown }).status
  }
  const nobody = { authenticated: false }
  const { token, ecs } = await enrollWorker(url, inputs)
  const { hostname } = new URL(url)
  const node = {
    authenticated: true,
    user: {
      username: `system:node:${ecs['region_id']}.${ecs['instance_id']}`,
      uid: ecs['serial_number'],
      groups: ['system:nodes'],
      extra: {
        [`${hostname}/addresses`]: [ecs['private_ipv4']],
        [`${hostname}/role`]: ['worker'],
      },
    },
    audiences: [CLUSTER],
  }
  expect(await statusOf({ token })).toEqual(node)
  expect(await statusOf({ token, audiences: ['x', CLUSTER, EXCHANGED_FOR] })).toEqual(node)
  expect(await statusOf({ token, audiences: [EXCHANGED_FOR] })).toEqual(nobody)
  expect(await statusOf({ token: `${token}x` })).toEqual(nobody)
  expect((await postReview(url, { token }, 'another')).status).toBe(401)

  const { token: bound, child } = await enrollAndExchange(url, inputs)
  expect(await statusOf({ token: bound })).toEqual(nobody)
  expect(await statusOf({ token: child })).toMatchObject({
    authenticated: true,
    audiences: [EXCHANGED_FOR],
  })

  const operate = async (method: string, body?: object): Promise<number> => {
    const answer = await fetch(`${url}/v1/admin/bans/instance/${ecs['instance_id']}`, {
      method,
      headers: {
        Authorization: await inputs.operator(url),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return answer.status
  }
  expect(await operate('PUT', { reason: 'a test' })).toBe(200)
  expect(await statusOf({ token })).toEqual(nobody)
  expect(await operate('DELETE')).toBe(200)
  expect(await statusOf({ token })).toEqual(node)
}
