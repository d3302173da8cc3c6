// The stand-in API server treats new certificate requests as a real one: the same requests of the same users to both.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Answer,
  type BothServers,
  CSRS,
  type CsrBody,
  type Json,
  type UserName,
  startBothServers,
} from '../support/kubernetes/both-servers.ts'
import { API_CLIENT, KUBELET_SERVING } from '../support/kubernetes/certificate-requests.ts'
import type { RequestOptions } from '../support/kubernetes/openssl-request.ts'
import { findReadyPrograms, requireReadyPrograms } from '../support/kubernetes/programs.ts'

let servers: BothServers
beforeAll(async () => {
  if (findReadyPrograms() !== undefined) servers = await startBothServers()
})
afterAll(() => servers?.close())

const SERVING = {
  signerName: KUBELET_SERVING,
  usages: ['digital signature', 'server auth'],
} as const

const damaged = (request: string): string => {
  const pem = atob(request)
  const [head = '', body = '', tail = ''] = pem.split(/(?<=REQUEST-----)\n|\n(?=-----END)/)
  const der = Buffer.from(body, 'base64')
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
  return btoa(`${head}\n${der.toString('base64')}\n${tail}`)
}

describe('a certificate request', () => {
  it.for<readonly [string, UserName, number, (good: CsrBody) => object]>([
    ['of the own name', 'node', 201, (good) => good],
    [
      'with a status and a user of its own',
      'node',
      201,
      (good) => ({
        ...good,
        spec: { ...good.spec, username: 'admin', groups: ['system:masters'] },
        status: { certificate: 'AAAA', conditions: [{ type: 'Approved', status: 'True' }] },
      }),
    ],
    ['by a bootstrapper', 'bootstrapper', 201, (good) => good],
    ['by a person', 'person', 403, (good) => good],
    ['by nobody', 'nobody', 403, (good) => good],
    [
      'without a signer',
      'node',
      422,
      (good) => ({ ...good, spec: { ...good.spec, signerName: undefined } }),
    ],
    [
      'with a signer without a domain',
      'node',
      422,
      (good) => ({ ...good, spec: { ...good.spec, signerName: 'signer' } }),
    ],
    ['without usages', 'node', 422, (good) => ({ ...good, spec: { ...good.spec, usages: [] } })],
    [
      'with an unknown usage',
      'node',
      422,
      (good) => ({ ...good, spec: { ...good.spec, usages: ['flying'] } }),
    ],
    [
      'with a usage twice',
      'node',
      422,
      (good) => ({ ...good, spec: { ...good.spec, usages: ['client auth', 'client auth'] } }),
    ],
    [
      'for nine minutes',
      'node',
      422,
      (good) => ({ ...good, spec: { ...good.spec, expirationSeconds: 540 } }),
    ],
    [
      'that is no request',
      'admin',
      422,
      (good) => ({ ...good, spec: { ...good.spec, request: 'bm9uZQ==' } }),
    ],
    [
      'of a node that is no request',
      'node',
      403,
      (good) => ({ ...good, spec: { ...good.spec, request: 'bm9uZQ==' } }),
    ],
    [
      'without a request',
      'admin',
      422,
      (good) => ({ ...good, spec: { ...good.spec, request: undefined } }),
    ],
    [
      'without a request of a node',
      'node',
      403,
      (good) => ({ ...good, spec: { ...good.spec, request: undefined } }),
    ],
    ['without a specification', 'admin', 422, (good) => ({ ...good, spec: undefined })],
    [
      'with a signature that is wrong',
      'admin',
      422,
      (good) => ({ ...good, spec: { ...good.spec, request: damaged(good.spec.request) } }),
    ],
    [
      'with text after the block',
      'node',
      201,
      (good) => ({
        ...good,
        spec: { ...good.spec, request: btoa(`${atob(good.spec.request)}more\n`) },
      }),
    ],
    ['of another kind', 'node', 400, (good) => ({ ...good, kind: 'Node' })],
    ['without a name', 'node', 422, (good) => ({ ...good, metadata: {} })],
    [
      'with a name of capital letters',
      'node',
      201,
      (good) => ({ ...good, metadata: { name: 'A_b' } }),
    ],
  ])('%s', async ([what, user, status, change], context) => {
    requireReadyPrograms(context)
    const given = change(await servers.csr({ name: `a-${what.replaceAll(' ', '-')}` }))
    const answer = await servers.same(user, 'POST', CSRS, given)
    expect(answer.status, JSON.stringify(answer.body)).toBe(status)
    if (status !== 201) return
    const { name } = (given as CsrBody).metadata
    const [real, other] = await servers.both('admin', 'GET', `${CSRS}/${name}`)
    const parts = ({ body }: Answer): unknown => {
      const { spec, status: state, kind, apiVersion } = body
      const { extra: _, ...rest } = spec as Json
      return { spec: rest, state, kind, apiVersion }
    }
    expect(parts(other)).toEqual(parts(real))
  })

  it.for<readonly [string, Partial<RequestOptions>]>([
    ['of another node', { commonName: 'system:node:another' }],
    [
      'of another node for servers',
      { commonName: 'system:node:another', ...SERVING, names: 'DNS:another' },
    ],
    ['of another organization', { organization: 'system:masters' }],
    ['of two organizations', { organization: 'system:nodes/O=system:masters' }],
    [
      'of an administrator for clients',
      {
        commonName: 'x',
        organization: 'system:masters',
        signerName: API_CLIENT,
        usages: ['client auth'],
      },
    ],
    [
      'of a person for clients',
      { commonName: 'x', organization: 'people', signerName: API_CLIENT, usages: ['client auth'] },
    ],
    [
      'for another signer',
      { commonName: 'x', signerName: 'example.com/a', usages: ['client auth'] },
    ],
    ['without a common name', { commonName: '' }],
    ['that exists', {}],
  ])('%s, by a node', async ([what, options], context) => {
    requireReadyPrograms(context)
    const body = await servers.csr({ name: `b-${what.replaceAll(' ', '-')}`, ...options })
    await servers.same('node', 'POST', CSRS, body)
    await servers.same('node', 'POST', CSRS, body)
  })
})
