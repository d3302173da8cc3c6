// The library on each runtime, as a relying party in a process of its own that calls a real service: a good token, a
// token that was exchanged for it, one of an instance that was banned, and the 25 bad ones.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issueChild } from '../../../src/token/issue.ts'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { verifyToken } from '../../../src/token/verify.ts'
import { type IssuerServer, startIssuerServer } from '../../cases/relying-party/issuer-server.ts'
import { BAD_TOKENS, makeBadTokens } from '../../support/bad-tokens.ts'
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
/** Of exchanged tokens alone. */
const CHILD_AUDIENCE = 'https://child.example'

let server: IssuerServer
const folder = mkdtempSync(join(tmpdir(), 'rollcall-relying-party-'))

beforeAll(async () => {
  server = await startIssuerServer()
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A token that was exchanged for another one. */
const exchanged = async (token: string): Promise<string> => {
  const { issuer, service } = server
  const keys = await parseSigningKeys(service.privateKeys)
  const read = await verifyToken(keys, issuer, token, service.now)
  if (!read.ok) throw new Error(read.refusal)
  return issueChild(keys, {
    claims: read.value,
    entry: { audience: CHILD_AUDIENCE, lifetimeSeconds: 120, binding: 'none', groups: [] },
    jti: 'child',
    issuedAt: service.now,
    expiresAt: service.now + 120,
  })
}

const options = (): StartOptions => ({
  variables: { ROLLCALL_ISSUER: server.issuer, AUDIENCES: `${TOKEN_AUDIENCE},${CHILD_AUDIENCE}` },
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

  it('gives the claims of a good token, and of a token that was exchanged for it', async () => {
    const token = await server.enroll()
    for (const shown of [token, await exchanged(token)]) {
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

  it('refuses the 25 bad tokens', async () => {
    for (const [name, token] of makeBadTokens(await server.source())) {
      const { library, authorize } = BAD_TOKENS[name]
      expect([name, ...(await ask(token))]).toEqual([name, authorize, library])
    }
  })
})
