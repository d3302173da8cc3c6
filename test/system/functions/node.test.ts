// The Node server as a real process: what it writes where, how it starts, and how it stops.

import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getChallenge, postEvidence } from '../../support/instance.ts'
import { waitForEnd, waitForOutput } from '../../support/output.ts'
import { waitUntil } from '../../support/processes.ts'
import { verifyToken } from '../../support/relying-party.ts'
import {
  type RunningService,
  type ServiceProcess,
  type StartOptions,
  startService,
  usualVariables,
} from '../../support/start-service.ts'
import {
  type TestCloud,
  documentText,
  sharedTestCloud,
  signedEvidence,
} from '../../support/test-cloud.ts'
import { TOKEN_AUDIENCE } from '../../support/test-service.ts'

const SECONDS = 30

let cloud: TestCloud
let variables: Record<string, string>
const running = new Set<RunningService>()

beforeAll(async () => {
  cloud = await sharedTestCloud()
  variables = await usualVariables(cloud)
})
afterAll(() => Promise.all([...running].map(({ stop }) => stop())))

/** Starts it, and stops it after the last test. */
const start = async (options: Partial<StartOptions> = {}): Promise<ServiceProcess> => {
  const service = await startService('Node', { variables, ...options })
  running.add(service)
  return service
}

describe('functions/node.ts', () => {
  it('enrolls, and writes audit events alone to standard output', async () => {
    const server = await start()
    const evidence = signedEvidence(cloud, await getChallenge(server.url))
    const { status, body } = await postEvidence(server.url, evidence)
    expect(status).toBe(200)
    const token = String(body['access_token'])
    const { claims } = await verifyToken(token, server.url, TOKEN_AUDIENCE)
    expect(claims).toMatchObject({ iss: server.url, role: 'worker' })
    const other = documentText({ 'instance-id': 'i-other' })
    expect((await postEvidence(server.url, { ...evidence, document: other })).status).toBe(401)
    await fetch(`${server.url}/nothing`)

    server.process.child.kill('SIGTERM')
    expect(await waitForEnd(server.process)).toBe(0)
    const { stdout, stderr } = server.process.output
    const lines = stdout.split('\n')
    expect(lines.pop()).toBe('')
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(events.map(({ event, outcome }) => [event, outcome])).toEqual([
      ['challenge', 'issued'],
      ['enroll', 'issued'],
      ['enroll', 'refused'],
    ])
    expect(stderr.split('\n').filter((line) => !line.startsWith('rollcall: '))).toEqual([''])
    expect(stderr).toContain(`listening on ${server.url} as ${server.url}`)
    expect(stderr).toContain('warning: ROLLCALL_LEDGER: "memory:"')
    const [, , signature = '?'] = token.split('.')
    for (const secret of [signature, evidence.pkcs7, variables['ROLLCALL_SIGNING_KEYS'] ?? '?']) {
      expect(stdout + stderr).not.toContain(secret)
    }
  })

  it('takes no challenge that a process before it may have spent', async () => {
    const before = await start()
    const challenge = await getChallenge(before.url)
    expect((await postEvidence(before.url, signedEvidence(cloud, challenge))).status).toBe(200)
    before.process.child.kill('SIGKILL')
    await waitForEnd(before.process)

    const after = await start({ port: before.port })
    const other = signedEvidence(cloud, challenge, { 'instance-id': 'i-another' })
    expect((await postEvidence(after.url, other)).status).toBe(401)
    await waitForOutput(after.process, 'stdout', '"reason":"challenge_before_ledger"')
    const fresh = signedEvidence(cloud, await getChallenge(after.url))
    expect((await postEvidence(after.url, fresh)).status).toBe(200)
  })

  it('reads NAME_FILE variables', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-node-'))
    try {
      const { ROLLCALL_POLICY: policy = '', ...rest } = variables
      writeFileSync(join(folder, 'policy.json'), policy)
      const file = join(folder, 'policy.json')
      const server = await start({ variables: { ...rest, ROLLCALL_POLICY_FILE: file } })
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('refuses to start on a bad configuration, with every problem and no secret', async () => {
    const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'
    const refused = {
      ROLLCALL_ISSUER: 'http://rollcall.test',
      ROLLCALL_SIGNING_KEYS: `{"keys":[{"kty":"oct","k":"${secret}"}]}`,
      ROLLCALL_LEDGER: `redis://user:${secret}@localhost?x=1`,
      ROLLCALL_POLICY_FILE: '/nothing/policy.json',
      ROLLCALL_TYPO: secret,
    }
    const server = await start({ variables: refused, ready: false })
    expect(await waitForEnd(server.process)).toBe(2)
    const { stdout, stderr } = server.process.output
    expect(stdout).toBe('')
    expect(stderr.split('\n').map((line) => line.split(':')[0])).toEqual([
      'rollcall',
      '  - ROLLCALL_TYPO',
      '  - ROLLCALL_POLICY_FILE',
      '  - ROLLCALL_ISSUER',
      '  - ROLLCALL_SIGNING_KEYS',
      '  - ROLLCALL_LEDGER',
      '',
    ])
    expect(stderr).not.toContain(secret)
  })

  it('refuses to start on a port that is taken, and says so', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const server = await start({ port, ready: false })
    expect(await waitForEnd(server.process)).toBe(2)
    const advice = 'choose another with PORT and set ROLLCALL_ISSUER to it'
    expect(server.process.output.stderr).toContain(`rollcall: port ${port} is taken; ${advice}\n`)
    taken.close()
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes what was begun before %s, takes nothing new and exits with 0',
    async (signal) => {
      const server = await start()
      const socket = connect(server.port, '127.0.0.1').setEncoding('utf8')
      let answer = ''
      socket.on('data', (text: string) => (answer += text)).on('error', () => undefined)
      const type = 'Content-Type: application/x-www-form-urlencoded'
      socket.write(
        `POST /v1/challenge HTTP/1.1\r\nHost: x\r\n${type}\r\nContent-Length: 11\r\n\r\n`,
      )
      // Until the request is at work there, which nothing tells: another one is answered behind it.
      await fetch(`${server.url}/healthz`, { headers: { Connection: 'close' } })

      server.process.child.kill(signal)
      await waitForOutput(server.process, 'stderr', 'stopping')
      // Said again, in whatever way, it is no more hurried.
      for (const again of ['SIGTERM', 'SIGINT'] as const) server.process.child.kill(again)
      await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed')
      expect(answer).toBe('')
      expect(server.process.child.exitCode).toBeNull()

      socket.write('role=worker')
      await waitUntil(() => answer.includes('"audience"'), { seconds: SECONDS, what: 'the answer' })
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      expect(await waitForEnd(server.process)).toBe(0)
      expect(JSON.parse(server.process.output.stdout)).toMatchObject({
        event: 'challenge',
        role: 'worker',
      })
      socket.destroy()
    },
  )
})
