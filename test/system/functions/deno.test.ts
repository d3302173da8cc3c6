// Deno: the entry as the documentation starts it, with the permissions that it names and no other.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { POLICY, TOKEN_AUDIENCE } from '../../support/test-service.ts'
import { getChallenge, postEvidence } from '../../support/instance.ts'
import { waitForEnd, waitForOutput } from '../../support/output.ts'
import { reservePort } from '../../support/ports.ts'
import { type RunningProcess, cleanEnvironment, startProcess } from '../../support/processes.ts'
import { requireRedis, startRedisServer } from '../../support/redis-server.ts'
import { verifyToken } from '../../support/relying-party.ts'
import { ROOT, readProjectFile } from '../../support/sources.ts'
import { createTestCloud, documentText, withAudience } from '../../support/test-cloud.ts'
import type { TestCloud } from '../../support/test-cloud.ts'

const DENO = join(ROOT, 'node_modules/.bin/deno')

interface DenoConfig {
  readonly version: string
  readonly license: string
  readonly exports: Readonly<Record<string, string>>
}

const { exports, version, license } = JSON.parse(readProjectFile('deno.json')) as DenoConfig
/** What README.md prints behind `deno`. Not a task: under `deno task` npm's `deno` is taken for a script. */
const [COMMAND = ''] =
  /(?<=^ +deno )run --unstable-kv .*$/m.exec(readProjectFile('functions/README.md')) ?? []
const PRINTED = COMMAND.split(' ')
const UNSTABLE_KV = '--unstable-kv'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-deno-'))
const running = new Set<RunningProcess>()
let cloud: TestCloud
let variables: Record<string, string> = {}

beforeAll(async () => {
  cloud = await createTestCloud()
  variables = {
    ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
    ROLLCALL_POLICY: JSON.stringify(POLICY),
    ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
    // Where Deno keeps the KV of a program that names no place for it.
    DENO_DIR: join(folder, 'deno'),
    NO_COLOR: '1',
  }
})
afterAll(async () => {
  await Promise.all([...running].map(({ stop }) => stop()))
  rmSync(folder, { recursive: true, force: true })
})

/** What a test changes of how it is started. */
interface Changes {
  readonly env?: Record<string, string>
  /** A variable to leave out. */
  readonly drop?: string
  /** Permissions beside those that are printed. */
  readonly more?: readonly string[]
  readonly without?: string
  readonly port?: number
}

const start = (env: Record<string, string>, { more = [], without, drop = '' }: Changes = {}) => {
  const entry = join(ROOT, PRINTED.at(-1) ?? '')
  const [run = '', ...permissions] = PRINTED.slice(0, -1)
  const args = [run, '--no-prompt', ...permissions.filter((flag) => flag !== without), ...more]
  const { [drop]: _, ...kept } = variables
  const started = startProcess(DENO, [...args, entry], { ...kept, ...env })
  running.add(started)
  return started
}

const startListening = async (changes: Changes = {}) => {
  const port = changes.port ?? (await reservePort())
  const url = `http://127.0.0.1:${port}`
  const env = { ROLLCALL_ISSUER: url, PORT: String(port), ...changes.env }
  const server = start(env, changes)
  await waitForOutput(server, 'stderr', 'listening on')
  return { ...server, port, url }
}

const evidenceFor = async (url: string): Promise<{ document: string; pkcs7: string }> => {
  const document = documentText()
  const der = cloud.sign(withAudience(document, await getChallenge(url)))
  return { document, pkcs7: Buffer.from(der).toString('base64') }
}

/** @returns the token's `jti` */
const enroll = async (
  url: string,
  evidence: { document: string; pkcs7: string },
): Promise<unknown> => {
  const { status, body } = await postEvidence(url, evidence)
  expect(status).toBe(200)
  const { claims } = await verifyToken(String(body['access_token']), url, TOKEN_AUDIENCE)
  return claims['jti']
}

describe('functions/deno.ts', () => {
  it('enrolls with the permissions that are printed, and remembers when it is started again', async () => {
    expect(PRINTED).toEqual(['run', UNSTABLE_KV, '--allow-net', '--allow-env', 'functions/deno.ts'])
    const before = await startListening()
    const evidence = await evidenceFor(before.url)
    const jti = await enroll(before.url, evidence)
    before.child.kill('SIGTERM')
    expect(await waitForEnd(before)).toBe(0)

    const after = await startListening({ port: before.port })
    expect(await enroll(after.url, evidence)).toBe(jti)
    await waitForOutput(after, 'stdout', '"retry":true')
    expect(after.output.stderr).toContain('warning: deno-kv: without a path keeps the ledger in')
  })

  it('needs to read and write nothing but the files that are configured', async () => {
    const file = join(folder, 'ledger.db')
    const policy = join(folder, 'policy.json')
    writeFileSync(policy, JSON.stringify(POLICY))
    const { url } = await startListening({
      env: { ROLLCALL_LEDGER: `sqlite:${file}`, ROLLCALL_POLICY_FILE: policy },
      drop: 'ROLLCALL_POLICY',
      more: [`--allow-read=${policy},${file}`, `--allow-write=${file}`],
      without: UNSTABLE_KV,
    })
    await enroll(url, await evidenceFor(url))
  })

  it('keeps its ledger in a file of Deno KV, or in Redis, if it is told to', async (context) => {
    const file = join(folder, 'kv')
    const permissions = [`--allow-read=${file}`, `--allow-write=${file}`]
    const env = { ROLLCALL_LEDGER: `deno-kv:${file}` }
    const onKv = await startListening({ env, more: permissions })
    await enroll(onKv.url, await evidenceFor(onKv.url))

    requireRedis(context)
    const redis = await startRedisServer()
    try {
      const env = { ROLLCALL_LEDGER: redis.url }
      const onRedis = await startListening({ env, without: UNSTABLE_KV })
      await enroll(onRedis.url, await evidenceFor(onRedis.url))
      expect(await redis.cli('dbsize')).not.toBe('0')
    } finally {
      await redis.close()
    }
  })

  it('says what is wrong, without a secret, and ends with status 2', async () => {
    const bad = start({ ROLLCALL_ISSUER: 'ftp://x', ROLLCALL_LEDGER: 'postgres://:secret@host' })
    expect(await waitForEnd(bad)).toBe(2)
    expect(bad.output.stderr).toMatch(/ROLLCALL_ISSUER: [^]*ROLLCALL_LEDGER: expected deno-kv:/)
    expect(bad.output.stderr).not.toContain('secret')

    const plain = start({ ROLLCALL_ISSUER: 'http://localhost' }, { without: UNSTABLE_KV })
    expect(await waitForEnd(plain)).toBe(2)
    expect(plain.output.stderr).toContain('start Deno with --unstable-kv')

    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    // A ledger belongs to one issuer, and this one has none of its own.
    const env = { ROLLCALL_ISSUER: 'http://localhost', ROLLCALL_LEDGER: 'memory:' }
    const late = start({ ...env, PORT: String(port) })
    expect(await waitForEnd(late)).toBe(2)
    const advice = 'choose another with PORT and set ROLLCALL_ISSUER to it'
    expect(late.output.stderr).toContain(`rollcall: port ${port} is taken; ${advice}\n`)
    taken.close()
  })

  it('finishes what was begun before SIGTERM, and holds no connection', async () => {
    const server = await startListening({ env: { DENO_DIR: join(folder, 'deno-stopped') } })
    const unused = connect(server.port, '127.0.0.1')
    const socket = connect(server.port, '127.0.0.1').setEncoding('utf8')
    let answer = ''
    socket.on('data', (text: string) => (answer += text)).on('error', () => undefined)
    const type = 'Content-Type: application/x-www-form-urlencoded'
    socket.write(`POST /v1/challenge HTTP/1.1\r\nHost: x\r\n${type}\r\nContent-Length: 11\r\n\r\n`)
    // Until the request is at work there, which nothing tells: another one is answered behind it.
    await fetch(`${server.url}/healthz`, { headers: { Connection: 'close' } })

    server.child.kill('SIGTERM')
    await waitForOutput(server, 'stderr', 'stopping')
    // Said again, in whatever way, it is no more hurried.
    for (const again of ['SIGTERM', 'SIGINT'] as const) server.child.kill(again)
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed')
    expect([answer, server.child.exitCode]).toEqual(['', null])
    socket.write('role=worker')
    expect(await waitForEnd(server)).toBe(0)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(JSON.parse(server.output.stdout)).toMatchObject({ event: 'challenge', role: 'worker' })
    for (const connection of [unused, socket]) connection.destroy()
  })
})

describe('deno.json', () => {
  it('is that of the same package, and has its modules but the one for Workers', () => {
    const own = JSON.parse(readProjectFile('package.json')) as DenoConfig
    expect({ version, license }).toEqual({ version: own.version, license: own.license })
    const names = Object.keys(own.exports).filter(
      (name) => name !== './package.json' && name !== './ledger/durable-object',
    )
    expect(Object.keys(exports)).toEqual([...names, './deno'])
  })

  it('can be published: deno publish --dry-run type-checks all of it and finds no slow type', async () => {
    const args = ['publish', '--dry-run', '--allow-dirty']
    const env = cleanEnvironment({ NO_COLOR: '1', DENO_DIR: join(folder, 'publish') })
    const { stderr } = await promisify(execFile)(DENO, args, { cwd: ROOT, env })
    for (const path of Object.values(exports)) expect(stderr).toContain(`Check ${path.slice(2)}`)
    expect(stderr).toContain('Success Dry run complete')
    // The only thing that it can't look through: the client of Redis is loaded if it is there.
    expect(stderr.match(/^warning\[.*$/gm)).toEqual([
      'warning[unanalyzable-dynamic-import]: unable to analyze dynamic import',
    ])
  })
})
