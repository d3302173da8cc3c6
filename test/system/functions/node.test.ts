// The Node server as a real process: what it writes where, how it starts, and how it stops.

import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { getChallenge, postEvidence } from '../../support/instance.ts'
import { waitForEnd, waitForOutput } from '../../support/output.ts'
import { reservePort } from '../../support/ports.ts'
import { type RunningProcess, startProcess, waitUntil } from '../../support/processes.ts'
import { verifyToken } from '../../support/relying-party.ts'
import { createTestCloud, documentText, withAudience } from '../../support/test-cloud.ts'
import type { TestCloud } from '../../support/test-cloud.ts'
import { POLICY, TOKEN_AUDIENCE } from '../../support/test-service.ts'

const ENTRY = fileURLToPath(new URL('../../../functions/node.ts', import.meta.url))
const SECONDS = 30

let cloud: TestCloud
let variables: Record<string, string>
const running = new Set<RunningProcess>()

beforeAll(async () => {
  cloud = await createTestCloud()
  variables = {
    ROLLCALL_ISSUER: 'http://localhost',
    ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
    ROLLCALL_POLICY: JSON.stringify(POLICY),
    ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
    ROLLCALL_LEDGER: 'memory:',
  }
})
afterAll(() => Promise.all([...running].map(({ stop }) => stop())))

const start = (env: Record<string, string>): RunningProcess => {
  const args = ['--import', import.meta.resolve('tsx'), ENTRY]
  const process_ = startProcess(process.execPath, args, env)
  running.add(process_)
  return process_
}

/** Starts on a port, by default a free one, and waits until it listens. */
const startListening = async (env: Record<string, string> = variables, onPort?: number) => {
  const port = onPort ?? (await reservePort())
  const url = `http://127.0.0.1:${port}`
  const server = start({ ...env, ROLLCALL_ISSUER: url, PORT: String(port) })
  await waitForOutput(server, 'stderr', 'listening on')
  return { ...server, port, url }
}

const evidenceOver = (audience: string): { document: string; pkcs7: string } => {
  const document = documentText()
  const pkcs7 = Buffer.from(cloud.sign(withAudience(document, audience))).toString('base64')
  return { document, pkcs7 }
}

describe('functions/node.ts', () => {
  it('enrolls, and writes audit events alone to standard output', async () => {
    const server = await startListening()
    const evidence = evidenceOver(await getChallenge(server.url))
    const { status, body } = await postEvidence(server.url, evidence)
    expect(status).toBe(200)
    const token = String(body['access_token'])
    const { claims } = await verifyToken(token, server.url, TOKEN_AUDIENCE)
    expect(claims).toMatchObject({ iss: server.url, role: 'worker' })
    const other = documentText({ 'instance-id': 'i-other' })
    expect((await postEvidence(server.url, { ...evidence, document: other })).status).toBe(401)
    await fetch(`${server.url}/nothing`)

    server.child.kill('SIGTERM')
    expect(await waitForEnd(server)).toBe(0)
    const { stdout, stderr } = server.output
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
    const before = await startListening()
    const challenge = await getChallenge(before.url)
    expect((await postEvidence(before.url, evidenceOver(challenge))).status).toBe(200)
    before.child.kill('SIGKILL')
    await waitForEnd(before)

    const after = await startListening(variables, before.port)
    const other = documentText({ 'instance-id': 'i-another' })
    const pkcs7 = Buffer.from(cloud.sign(withAudience(other, challenge))).toString('base64')
    expect((await postEvidence(after.url, { document: other, pkcs7 })).status).toBe(401)
    await waitForOutput(after, 'stdout', '"reason":"challenge_before_ledger"')
    const fresh = evidenceOver(await getChallenge(after.url))
    expect((await postEvidence(after.url, fresh)).status).toBe(200)
  })

  it('reads NAME_FILE variables', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-node-'))
    try {
      const { ROLLCALL_POLICY: policy = '', ...rest } = variables
      writeFileSync(join(folder, 'policy.json'), policy)
      const file = join(folder, 'policy.json')
      const server = await startListening({ ...rest, ROLLCALL_POLICY_FILE: file })
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('refuses to start on a bad configuration, with every problem and no secret', async () => {
    const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'
    const server = start({
      ROLLCALL_ISSUER: 'http://rollcall.test',
      ROLLCALL_SIGNING_KEYS: `{"keys":[{"kty":"oct","k":"${secret}"}]}`,
      ROLLCALL_LEDGER: `redis://user:${secret}@localhost?x=1`,
      ROLLCALL_POLICY_FILE: '/nothing/policy.json',
      ROLLCALL_TYPO: secret,
    })
    expect(await waitForEnd(server)).toBe(2)
    const { stdout, stderr } = server.output
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
    const server = start({ ...variables, PORT: String(port) })
    expect(await waitForEnd(server)).toBe(2)
    const advice = 'choose another with PORT and set ROLLCALL_ISSUER to it'
    expect(server.output.stderr).toContain(`rollcall: port ${port} is taken; ${advice}\n`)
    taken.close()
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes what was begun before %s, takes nothing new and exits with 0',
    async (signal) => {
      const server = await startListening()
      const socket = connect(server.port, '127.0.0.1').setEncoding('utf8')
      let answer = ''
      socket.on('data', (text: string) => (answer += text)).on('error', () => undefined)
      const type = 'Content-Type: application/x-www-form-urlencoded'
      socket.write(
        `POST /v1/challenge HTTP/1.1\r\nHost: x\r\n${type}\r\nContent-Length: 11\r\n\r\n`,
      )
      // Until the request is at work there, which nothing tells: another one is answered behind it.
      await fetch(`${server.url}/healthz`, { headers: { Connection: 'close' } })

      server.child.kill(signal)
      await waitForOutput(server, 'stderr', 'stopping')
      // Said again, in whatever way, it is no more hurried.
      for (const again of ['SIGTERM', 'SIGINT'] as const) server.child.kill(again)
      await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed')
      expect(answer).toBe('')
      expect(server.child.exitCode).toBeNull()

      socket.write('role=worker')
      await waitUntil(() => answer.includes('"audience"'), { seconds: SECONDS, what: 'the answer' })
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      expect(await waitForEnd(server)).toBe(0)
      expect(JSON.parse(server.output.stdout)).toMatchObject({ event: 'challenge', role: 'worker' })
      socket.destroy()
    },
  )
})
