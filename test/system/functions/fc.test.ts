// Function Compute: the bundle that is deployed, in a folder with nothing but it and a policy, started
// and called as the platform does, on a real Redis.

import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type Socket, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { POLICY, TOKEN_AUDIENCE } from '../../support/test-service.ts'
import { requireNode24 } from '../../support/node24.ts'
import { waitForEnd, waitForOutput } from '../../support/output.ts'
import { reservePort } from '../../support/ports.ts'
import { type RunningProcess, startProcess, waitUntil } from '../../support/processes.ts'
import { type RedisServer, requireRedis, startRedisServer } from '../../support/redis-server.ts'
import { verifyToken } from '../../support/relying-party.ts'
import { ROOT } from '../../support/sources.ts'
import { createTestCloud, documentText, withAudience } from '../../support/test-cloud.ts'
import type { TestCloud } from '../../support/test-cloud.ts'

const SECONDS = 30
/** Where the platform connects to by default. */
const DEFAULT_PORT = 9000
/** Longer than Node's server keeps a connection that nobody uses, by default. */
const UNUSED_MS = 7_500

/** Credentials of the function's role, which the platform puts into each request. */
const SECRETS = {
  'x-fc-access-key-id': 'STS.NUgYrLnoC37mZZCNnAbez',
  'x-fc-access-key-secret': '3dZn7Yq0pLr5Wv1XsE8tKc2BmHf6Ja4GuNoQiTzRyVbD',
  'x-fc-security-token': 'CAIS7wJ1q6Ft5B2yfSjIr5bAGNPdmLxN4peHYHLEpVQ8',
}
const REQUEST_ID = '1-65e7f0a2-15b3cc04-9a7d2e61f4b8'
const PLATFORM = {
  ...SECRETS,
  'x-fc-request-id': REQUEST_ID,
  'x-fc-account-id': '1234567890123456',
  'x-fc-region': 'cn-hangzhou',
  'x-fc-control-path': '/http-invoke',
}

const folder = mkdtempSync(join(tmpdir(), 'rollcall-fc-'))
const code = join(folder, 'code')
const running = new Set<RunningProcess>()
let cloud: TestCloud
let redis: RedisServer | undefined
let variables: Record<string, string> = {}

beforeAll(async () => {
  const out = join(folder, 'out')
  const args = ['--import', import.meta.resolve('tsx'), join(ROOT, 'functions/build.ts'), out]
  await promisify(execFile)(process.execPath, args)
  expect(readdirSync(out).toSorted()).toEqual(['THIRD-PARTY-NOTICES', 'fc.mjs', 'node.mjs'])
  cpSync(join(out, 'fc.mjs'), join(code, 'fc.mjs'), { recursive: true })
  writeFileSync(join(code, 'policy.json'), JSON.stringify(POLICY))
  cloud = await createTestCloud()
  variables = {
    ROLLCALL_ISSUER: 'https://rollcall.test',
    ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
    ROLLCALL_POLICY_FILE: join(code, 'policy.json'),
    ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
    FC_FUNC_CODE_PATH: '/code/',
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: SECRETS['x-fc-access-key-secret'],
  }
})
afterAll(async () => {
  await Promise.all([...running].map(({ stop }) => stop()))
  await redis?.close()
  rmSync(folder, { recursive: true, force: true })
})

const start = (
  env: Record<string, string>,
  node = process.execPath,
  ...options: readonly string[]
): RunningProcess => {
  const started = startProcess(node, [...options, join(code, 'fc.mjs')], { ...variables, ...env })
  running.add(started)
  return started
}

/** A running function, and how the platform calls it. */
interface Called extends RunningProcess {
  readonly port: number
  readonly url: string
  /** All that has come back so far. */
  readonly answers: string[]
  send(path: string, init?: RequestInit): Promise<Response>
  post(path: string, fields?: Record<string, string>, headers?: object): Promise<Response>
  freshEvidence(): Promise<{ readonly document: string; readonly pkcs7: string }>
}

const call = async (context: TestContext, node?: string): Promise<Called> => {
  requireRedis(context)
  redis ??= await startRedisServer()
  const port = await reservePort()
  const url = `http://127.0.0.1:${port}`
  // A ledger belongs to one issuer.
  const ledger = `${redis.url}?prefix=fc-${port}:`
  const env = { ROLLCALL_ISSUER: url, ROLLCALL_LEDGER: ledger, PORT: String(port) }
  const started = start(env, node)
  await waitForOutput(started, 'stderr', `listening on http://0.0.0.0:${port}`)
  const answers: string[] = []
  const send: Called['send'] = async (path, init = {}) => {
    const headers = { ...PLATFORM, ...(init.headers as Record<string, string>) }
    const response = await fetch(url + path, { ...init, headers })
    answers.push(JSON.stringify([...response.headers]), await response.clone().text())
    return response
  }
  const post: Called['post'] = (path, fields = {}, headers = {}) =>
    send(path, { method: 'POST', headers: { ...headers }, body: new URLSearchParams(fields) })
  const freshEvidence: Called['freshEvidence'] = async () => {
    const { audience } = (await (await post('/v1/challenge')).json()) as { audience: string }
    const document = documentText()
    const der = cloud.sign(withAudience(document, audience))
    return { document, pkcs7: Buffer.from(der).toString('base64') }
  }
  return { ...started, port, url, answers, send, post, freshEvidence }
}

const tokenIn = async (response: Response): Promise<string> => {
  expect(response.status).toBe(200)
  return ((await response.json()) as { access_token: string }).access_token
}

/** An HTTP request over a connection that stays. */
const askOver = async (socket: Socket): Promise<string> => {
  let answer = ''
  const collect = (text: string): unknown => (answer += text)
  socket.setEncoding('utf8').on('data', collect)
  socket.write('GET /healthz HTTP/1.1\r\nHost: function\r\n\r\n')
  await waitUntil(() => answer.includes('"ok"'), { seconds: SECONDS, what: 'the answer' })
  socket.off('data', collect)
  return answer
}

describe('functions/fc.ts', () => {
  it.for([
    ['the Node of the tests', async () => process.execPath],
    ['Node 24', requireNode24],
  ] as const)(
    'enrolls on %s, gives the same answer to the same request, and shows no credential',
    async ([, node], context) => {
      const { child, output, answers, url, ...server } = await call(context, await node(context))
      const evidence = await server.freshEvidence()
      const token = await tokenIn(await server.post('/v1/enroll', evidence))
      const { claims } = await verifyToken(token, url, TOKEN_AUDIENCE)
      // The platform repeats what it got no answer to.
      const repeated = await tokenIn(await server.post('/v1/enroll', evidence))
      expect((await verifyToken(repeated, url, TOKEN_AUDIENCE)).claims).toEqual(claims)
      const asynchronous = { 'X-Fc-Invocation-Type': 'Async' }
      expect((await server.post('/v1/enroll', evidence, asynchronous)).status).toBe(400)
      const broken = { ...evidence, document: '{}' }
      expect((await server.post('/v1/enroll', broken)).status).toBe(401)
      for (const path of ['/initialize', '/nothing', '/bootstrap.sh', '/openapi.json', '/%']) {
        await server.send(path)
      }

      child.kill('SIGTERM')
      expect(await waitForEnd({ child, output, ...server })).toBe(0)
      const events = output.stdout.trimEnd().split('\n')
      expect(events.map((line) => JSON.parse(line) as object)).toMatchObject([
        { event: 'challenge', outcome: 'issued', request_id: REQUEST_ID },
        { event: 'enroll', outcome: 'issued', request_id: REQUEST_ID },
        { event: 'enroll', outcome: 'issued', retry: true },
        { event: 'enroll', outcome: 'refused', reason: 'invocation_async' },
        { event: 'enroll', outcome: 'refused', code: 'invalid_evidence' },
      ])
      const shown = [output.stdout, output.stderr, ...answers].join('\n')
      expect(shown).toContain(REQUEST_ID)
      expect(shown).not.toMatch(/x-fc-/i)
      for (const secret of Object.values(SECRETS)) expect(shown).not.toContain(secret)
    },
  )

  it('answers the hooks, which change nothing', async (context) => {
    const { send, post, freshEvidence } = await call(context)
    const hooks = [await send('/initialize', { method: 'POST' }), await send('/pre-stop')]
    for (const hook of hooks) expect([hook.status, await hook.text()]).toEqual([200, ''])
    expect((await send('/initialize')).status).toBe(404)
    expect((await post('/pre-stop')).status).toBe(404)
    expect((await post('/v1/enroll', await freshEvidence())).status).toBe(200)
  })

  it('takes the name of a request from the client, then from the platform, if it is fit', async (context) => {
    const { send } = await call(context)
    const nameFor = async (headers: Record<string, string>): Promise<string | null> =>
      (await send('/healthz', { headers })).headers.get('X-Request-Id')
    expect(await nameFor({ 'X-Request-Id': 'mine' })).toBe('mine')
    expect(await nameFor({})).toBe(REQUEST_ID)
    expect(await nameFor({ 'x-fc-request-id': 'a "name" of two lines' })).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('keeps the connections that the platform does not use for a while', async (context) => {
    const { port, child } = await call(context)
    const sockets = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')] as const
    const closed: string[] = []
    for (const socket of sockets) socket.on('close', () => closed.push('closed'))
    expect(await askOver(sockets[0])).toMatch(/^HTTP\/1\.1 200 /)
    await new Promise((resolve) => setTimeout(resolve, UNUSED_MS))
    expect(closed).toEqual([])
    for (const socket of sockets) expect(await askOver(socket)).toMatch(/^HTTP\/1\.1 200 /)
    // They do not delay a stop.
    child.kill('SIGTERM')
    await waitUntil(() => child.exitCode === 0, { seconds: 3, what: 'the end' })
    await waitUntil(() => closed.length === 2, { seconds: 3, what: 'both connections closed' })
  })

  it('answers 503 while Redis is unreachable, and the hooks as before', async (context) => {
    const { send, post, freshEvidence, child, output, stop } = await call(context)
    const evidence = await freshEvidence()
    await redis?.kill()
    try {
      const response = await post('/v1/enroll', evidence)
      expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '2'])
      expect((await send('/initialize', { method: 'POST' })).status).toBe(200)
      await waitForOutput({ child, output, stop }, 'stderr', 'the Redis of the ledger')
    } finally {
      await redis?.start()
    }
    const enrolled = async (): Promise<boolean> =>
      (await post('/v1/enroll', evidence)).status === 200
    await waitUntil(enrolled, { seconds: SECONDS, what: 'the same evidence accepted' })
  })

  it.each(['memory:', 'sqlite:/tmp/ledger.db', 'deno-kv:'])(
    'refuses to start with the ledger %s, and says why',
    async (ledger) => {
      const server = start({ ROLLCALL_LEDGER: ledger })
      expect(await waitForEnd(server)).toBe(2)
      expect(server.output.stderr).toMatch(
        /ROLLCALL_LEDGER: an instance loses its state .*: expected redis:/,
      )
    },
  )

  it(`listens on 0.0.0.0:${DEFAULT_PORT} by default`, async (context) => {
    requireRedis(context)
    redis ??= await startRedisServer()
    // It gets any port in place of that one, which another program of this machine may have.
    const preload = `
      import net from 'node:net'
      const { listen } = net.Server.prototype
      net.Server.prototype.listen = function (port, host, ...more) {
        console.error('asked for', host, port)
        return listen.call(this, 0, host, ...more)
      }`
    const option = `--import=data:text/javascript,${encodeURIComponent(preload)}`
    const env = { ROLLCALL_LEDGER: `${redis.url}?prefix=fc-default:` }
    const server = start(env, process.execPath, option)
    await waitForOutput(server, 'stderr', `asked for 0.0.0.0 ${DEFAULT_PORT}\n`)
    await waitForOutput(server, 'stderr', 'listening on http://0.0.0.0:')
    await server.stop()
  })
})
