// The library on each runtime, as a relying party in a process of its own that calls a real service: a good token, a
// token that the service gave in exchange for a bound one, one of an instance that was banned, and the bad ones.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  BOUND_ROLE,
  EXCHANGE_AUDIENCE,
  type IssuerServer,
  startIssuerServer,
} from '../../cases/relying-party/issuer-server.ts'
import { makeKey } from '../../cases/state/independent-jws.ts'
import { makeProof } from '../../cases/state/proofs.ts'
import { BAD_TOKENS, makeBadTokens, resignToken } from '../../support/bad-tokens.ts'
import { ROOT } from '../../support/sources.ts'
import {
  DENO,
  type ServiceProcess,
  type ServiceRuntime,
  type StartOptions,
  startService,
} from '../../support/start-service.ts'
import { DOCUMENT_FIELDS } from '../../support/test-cloud.ts'
import { TOKEN_AUDIENCE } from '../../support/test-service.ts'

const HERE = join(ROOT, 'test/system/relying-party')

let server: IssuerServer
const folder = mkdtempSync(join(tmpdir(), 'rollcall-relying-party-'))

beforeAll(async () => {
  server = await startIssuerServer()
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A bound token, exchanged by the service for a bearer token of one audience. */
const exchanged = async (): Promise<string> => {
  const { issuer, service } = server
  const key = await makeKey()
  const change = { role: BOUND_ROLE, aud: [issuer], cnf: { jkt: key.thumbprint } }
  const proof = makeProof(key, issuer, 'unused', {
    claims: { htm: 'POST', htu: `${issuer}/v1/token`, iat: service.now, nonce: undefined },
  })
  const fields = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: resignToken(await server.source(), change),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience: EXCHANGE_AUDIENCE,
  }
  const response = await service.post('/v1/token', fields, { DPoP: proof })
  const { access_token: token } = (await response.json()) as { access_token?: string }
  if (token === undefined) throw new Error(`the exchange answered ${response.status}`)
  return token
}

const options = (): StartOptions => ({
  variables: {
    ROLLCALL_ISSUER: server.issuer,
    AUDIENCES: `${TOKEN_AUDIENCE},${EXCHANGE_AUDIENCE}`,
  },
})

const HOSTS: readonly (readonly [ServiceRuntime, () => StartOptions])[] = [
  [
    'Node',
    () => {
      const command = [process.execPath, '--import', import.meta.resolve('tsx')]
      return { ...options(), command: [...command, join(HERE, 'host-node.ts')] }
    },
  ],
  [
    'Deno',
    () => {
      const flags = ['--no-prompt', '--cached-only', '--allow-net', '--allow-env']
      return { ...options(), command: [DENO, 'run', ...flags, join(HERE, 'host-deno.ts')] }
    },
  ],
  ['workerd', () => ({ ...options(), folder, config: join(HERE, 'host-worker.toml') })],
]

describe.each(HOSTS)('rollcall/relying-party on %s', (runtime, start) => {
  let host: ServiceProcess
  beforeAll(async () => {
    host = await startService(runtime, start())
  })
  afterAll(async () => void (await host.stop()))

  const ask = async (token: string): Promise<readonly [status: number, code: string | null]> => {
    const headers = { Authorization: `Bearer ${token}` }
    const response = await fetch(`${host.url}/nodes`, { headers })
    await response.text()
    return [response.status, response.headers.get('X-Code')]
  }

  // First, while there are no keys. On Workers, a fetch belongs to the request that began it.
  it('admits the next caller after the first ones hung up while the keys were fetched', async () => {
    const token = await server.enroll()
    const headers = { Authorization: `Bearer ${token}` }
    server.delaySeconds = 1
    const hangUp = (): Promise<unknown> =>
      fetch(`${host.url}/nodes`, { headers, signal: AbortSignal.timeout(300) }).catch(
        (error: unknown) => (error as Error).name,
      )
    const ends = await Promise.all(Array.from({ length: 5 }, hangUp))
    expect(ends).toEqual(Array(5).fill('TimeoutError'))
    server.delaySeconds = 0
    expect(await ask(token)).toEqual([200, null])
  })

  it('admits fifty requests that come together', async () => {
    const token = await server.enroll()
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(token)))
    expect(answers).toEqual(Array.from({ length: 50 }, () => [200, null]))
  })

  it('gives the claims of a good token, and of one that the service gave in exchange for a bound token', async () => {
    for (const shown of [await server.enroll(), await exchanged()]) {
      const headers = { Authorization: `Bearer ${shown}` }
      const response = await fetch(`${host.url}/nodes`, { headers })
      expect(await response.json()).toMatchObject({ instance_id: DOCUMENT_FIELDS['instance-id'] })
    }
  })

  it('admits the token of an instance that was banned later, which introspection does not', async () => {
    const id = `i-banned${runtime.toLowerCase()}`
    const token = await server.enroll({ 'instance-id': id })
    const { service } = server
    const banned = await service.operate('PUT', `/v1/admin/bans/instance/${id}`, { reason: 'test' })
    expect(banned.status).toBe(200)
    expect(await ask(token)).toEqual([200, null])
    const authorization = `Bearer ${await service.operatorToken()}`
    const answer = await service.post('/v1/introspect', { token }, { Authorization: authorization })
    expect(await answer.json()).toEqual({ active: false })
  })

  it('refuses the bad tokens', async () => {
    for (const [name, token] of makeBadTokens(await server.source())) {
      const { library, authorize } = BAD_TOKENS[name]
      expect([name, ...(await ask(token))]).toEqual([name, authorize, library])
    }
  })
})
