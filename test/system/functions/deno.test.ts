// Deno: the entry as the documentation starts it, with the permissions that it names and no other.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { POLICY, TOKEN_AUDIENCE } from '../../support/test-service.ts'
import { type PostedEvidence, getChallenge, postEvidence } from '../../support/instance.ts'
import { waitForEnd, waitForOutput } from '../../support/output.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { requireRedis, startRedisServer } from '../../support/redis-server.ts'
import { verifyToken } from '../../support/relying-party.ts'
import { ROOT, readProjectFile } from '../../support/sources.ts'
import {
  DENO,
  type RunningService,
  type ServiceProcess,
  startService,
  usualVariables,
} from '../../support/start-service.ts'
import { type TestCloud, sharedTestCloud, signedEvidence } from '../../support/test-cloud.ts'

interface DenoConfig {
  readonly version: string
  readonly license: string
  readonly exports: Readonly<Record<string, string>>
}

const { exports, version, license } = JSON.parse(readProjectFile('deno.json')) as DenoConfig
/** What docs/deploy/deno.md prints behind `deno`. Not a task: under `deno task` npm's `deno` is taken for a script. */
const [COMMAND = ''] =
  /(?<=^ +deno )run --unstable-kv .*$/m.exec(readProjectFile('docs/deploy/deno.md')) ?? []
const PRINTED_PATH = '/var/lib/rollcall/ledger.kv'
/** The permissions for the file of the ledger, which other ledgers do not need. */
const isForFile = (flag: string): boolean => /^--allow-(?:read|write)=/.test(flag)
const PRINTED = COMMAND.split(' ').filter((flag) => !isForFile(flag))
const FOR_FILE = COMMAND.split(' ').filter(isForFile)
const UNSTABLE_KV = '--unstable-kv'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-deno-'))
const running = new Set<RunningService>()
let cloud: TestCloud
let variables: Record<string, string | undefined> = {}

beforeAll(async () => {
  cloud = await sharedTestCloud()
  variables = {
    ...(await usualVariables(cloud)),
    // The default of the runtime.
    ROLLCALL_LEDGER: undefined,
    // Where Deno keeps the KV of a program that names no place for it.
    DENO_DIR: join(folder, 'deno'),
  }
})
afterAll(async () => {
  await Promise.all([...running].map(({ stop }) => stop()))
  rmSync(folder, { recursive: true, force: true })
})

/** What a test changes of how it is started. */
interface Changes {
  /** `undefined` leaves one out. */
  readonly env?: Record<string, string | undefined>
  /** Permissions beside those that are printed. */
  readonly more?: readonly string[]
  readonly without?: string
  readonly port?: number
  readonly ready?: boolean
}

const start = async ({
  env = {},
  more = [],
  without,
  ...options
}: Changes = {}): Promise<ServiceProcess> => {
  const entry = join(ROOT, PRINTED.at(-1) ?? '')
  const [run = '', ...permissions] = PRINTED.slice(0, -1)
  const args = [run, '--no-prompt', ...permissions.filter((flag) => flag !== without), ...more]
  const command = [DENO, ...args, entry]
  const service = await startService('Deno', {
    ...options,
    command,
    variables: { ...variables, ...env },
  })
  running.add(service)
  return service
}

const evidenceFor = async (url: string): Promise<PostedEvidence> =>
  signedEvidence(cloud, await getChallenge(url))

/** @returns the token's `jti` */
const enroll = async (url: string, evidence: PostedEvidence): Promise<unknown> => {
  const { status, body } = await postEvidence(url, evidence)
  expect(status).toBe(200)
  const { claims } = await verifyToken(String(body['access_token']), url, TOKEN_AUDIENCE)
  return claims['jti']
}

describe('functions/deno.ts', () => {
  it('enrolls with the permissions of the page, and keeps its ledger over a restart', async () => {
    expect(PRINTED).toEqual(['run', UNSTABLE_KV, '--allow-net', '--allow-env', 'functions/deno.ts'])
    const before = await start()
    const evidence = await evidenceFor(before.url)
    const jti = await enroll(before.url, evidence)
    before.process.child.kill('SIGTERM')
    expect(await waitForEnd(before.process)).toBe(0)

    const after = await start({ port: before.port })
    expect(await enroll(after.url, evidence)).toBe(jti)
    await waitForOutput(after.process, 'stdout', '"retry":true')
    expect(after.process.output.stderr).toContain(
      'warning: deno-kv: without a path is a file in the cache folder of Deno',
    )
  })

  it('needs to read and write nothing but the files that are configured', async () => {
    const file = join(folder, 'ledger.db')
    const policy = join(folder, 'policy.json')
    writeFileSync(policy, JSON.stringify(POLICY))
    const { url } = await start({
      env: {
        ROLLCALL_LEDGER: `sqlite:${file}`,
        ROLLCALL_POLICY: undefined,
        ROLLCALL_POLICY_FILE: policy,
      },
      more: [`--allow-read=${policy},${file}`, `--allow-write=${file}`],
      without: UNSTABLE_KV,
    })
    await enroll(url, await evidenceFor(url))
  })

  it('keeps its ledger in a file of Deno KV or in Redis, as it is configured', async (context) => {
    const file = join(folder, 'kv')
    const page = readProjectFile('docs/deploy/deno.md')
    expect(page).toContain(`export ROLLCALL_LEDGER=deno-kv:${PRINTED_PATH}\n`)
    const permissions = FOR_FILE.map((flag) => flag.replace(PRINTED_PATH, file))
    expect(permissions).toEqual([`--allow-read=${file}`, `--allow-write=${file}`])
    const env = { ROLLCALL_LEDGER: `deno-kv:${file}` }
    const onKv = await start({ env, more: permissions })
    await enroll(onKv.url, await evidenceFor(onKv.url))

    requireRedis(context)
    const redis = await startRedisServer()
    try {
      const env = { ROLLCALL_LEDGER: redis.url }
      const onRedis = await start({ env, without: UNSTABLE_KV })
      await enroll(onRedis.url, await evidenceFor(onRedis.url))
      expect(await redis.cli('dbsize')).not.toBe('0')
    } finally {
      await redis.close()
    }
  })

  it('says what is wrong, without a secret, and ends with status 2', async () => {
    const wrong = { ROLLCALL_ISSUER: 'ftp://x', ROLLCALL_LEDGER: 'postgres://:secret@host' }
    const bad = await start({ env: wrong, ready: false })
    expect(await waitForEnd(bad.process)).toBe(2)
    expect(bad.process.output.stderr).toMatch(
      /ROLLCALL_ISSUER: [^]*ROLLCALL_LEDGER: expected deno-kv:/,
    )
    expect(bad.process.output.stderr).not.toContain('secret')

    const plain = await start({ without: UNSTABLE_KV, ready: false })
    expect(await waitForEnd(plain.process)).toBe(2)
    expect(plain.process.output.stderr).toContain('start Deno with --unstable-kv')

    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    // A ledger belongs to one issuer, and this one has none of its own.
    const env = { ROLLCALL_ISSUER: 'http://localhost', ROLLCALL_LEDGER: 'memory:' }
    const late = await start({ env, port, ready: false })
    expect(await waitForEnd(late.process)).toBe(2)
    const advice = 'choose another with PORT and set ROLLCALL_ISSUER to it'
    expect(late.process.output.stderr).toContain(`rollcall: port ${port} is taken; ${advice}\n`)
    taken.close()
  })

  it('finishes what was begun before SIGTERM, and holds no connection', async () => {
    const server = await start({ env: { DENO_DIR: join(folder, 'deno-stopped') } })
    const unused = connect(server.port, '127.0.0.1')
    const socket = connect(server.port, '127.0.0.1').setEncoding('utf8')
    let answer = ''
    socket.on('data', (text: string) => (answer += text)).on('error', () => undefined)
    const type = 'Content-Type: application/x-www-form-urlencoded'
    socket.write(`POST /v1/challenge HTTP/1.1\r\nHost: x\r\n${type}\r\nContent-Length: 11\r\n\r\n`)
    // Until the request is at work there, which nothing tells: another one is answered behind it.
    await fetch(`${server.url}/healthz`, { headers: { Connection: 'close' } })

    server.process.child.kill('SIGTERM')
    await waitForOutput(server.process, 'stderr', 'stopping')
    // Said again, in whatever way, it is no more hurried.
    for (const again of ['SIGTERM', 'SIGINT'] as const) server.process.child.kill(again)
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed')
    expect([answer, server.process.child.exitCode]).toEqual(['', null])
    socket.write('role=worker')
    expect(await waitForEnd(server.process)).toBe(0)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(JSON.parse(server.process.output.stdout)).toMatchObject({
      event: 'challenge',
      role: 'worker',
    })
    for (const connection of [unused, socket]) connection.destroy()
  })
})

describe('deno.json', () => {
  it('names the same package, and has its modules but the one for Workers', () => {
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
