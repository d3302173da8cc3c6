// The container image, taken apart and started without a container engine (see `image.ts`); and built by
// an engine where there is one.

import { execFile } from 'node:child_process'
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { POLICY, TOKEN_AUDIENCE } from '../../support/test-service.ts'
import { getChallenge, postEvidence } from '../../support/instance.ts'
import { requireNode24 } from '../../support/node24.ts'
import { waitForEnd } from '../../support/output.ts'
import { reservePort } from '../../support/ports.ts'
import { type RunningProcess, startProcess, waitUntil } from '../../support/processes.ts'
import { requireRedis } from '../../support/redis-server.ts'
import { verifyToken } from '../../support/relying-party.ts'
import { findTool } from '../../support/requirements.ts'
import { ROOT, readProjectFile } from '../../support/sources.ts'
import {
  type TestCloud,
  createTestCloud,
  documentText,
  withAudience,
} from '../../support/test-cloud.ts'
import {
  type Image,
  buildImage,
  firstProcess,
  requireNamespaces,
  startContainer,
  startListening,
} from './image.ts'

const SECONDS = 30
const USER = 1000
const ENGINE_LIMIT_MS = 600_000
const run = promisify(execFile)

const folder = mkdtempSync(join(tmpdir(), 'rollcall-container-'))
const running = new Set<RunningProcess>()
let image: Image | undefined
let cloud: TestCloud
let keys: string
let operatorKeys: object

beforeAll(async () => {
  cloud = await createTestCloud()
  keys = JSON.stringify(await generateSigningKeys('ES256'))
  operatorKeys = (await parseSigningKeys(await generateSigningKeys('ES256'))).jwks
})
afterAll(async () => {
  await Promise.all([...running].map(({ stop }) => stop()))
  image?.remove()
  rmSync(folder, { recursive: true, force: true })
})

const built = async (context: TestContext): Promise<Image> => {
  requireNamespaces(context)
  image ??= await buildImage(await requireNode24(context))
  return image
}

/** A folder of this machine that the container's user owns. */
const ownFolder = (name: string): string => {
  const path = join(folder, name)
  mkdirSync(path)
  chownSync(path, USER, USER)
  return path
}

/** What the health check says of a container. */
const health = async (of: Image, port: number): Promise<number | null> => {
  const check = startContainer(of, { env: { PORT: String(port) }, command: of.healthCommand })
  running.add(check)
  return waitForEnd(check)
}

const enroll = async (url: string): Promise<void> => {
  const audience = await getChallenge(url)
  const document = documentText()
  const pkcs7 = Buffer.from(cloud.sign(withAudience(document, audience))).toString('base64')
  const { status, body } = await postEvidence(url, { document, pkcs7 })
  expect(status).toBe(200)
  const { claims } = await verifyToken(String(body['access_token']), url, TOKEN_AUDIENCE)
  expect(claims).toMatchObject({ iss: url, role: 'worker' })
}

/** Every file of a tree, with what a write would change. */
const filesOf = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => ({ path, status: statSync(join(root, path)) }))
    .map(({ path, status: { size, mtimeMs } }) => `${path} ${size} ${mtimeMs}`)

describe('the image', () => {
  it('holds one file of the service and one of the command, which belong to root, and the licenses', async (context) => {
    const { root, env } = await built(context)
    expect(readdirSync(join(root, 'app')).toSorted()).toEqual([
      'LICENSE',
      'THIRD-PARTY-NOTICES',
      'command',
      'node.mjs',
    ])
    expect(readdirSync(join(root, 'app/command')).toSorted()).toEqual([
      'THIRD-PARTY-NOTICES',
      'rollcall.mjs',
    ])
    expect(env).toEqual({ NODE_ENV: 'production', HOST: '0.0.0.0', PORT: '8787' })
    for (const file of ['app/node.mjs', 'app/command/rollcall.mjs']) {
      const { uid, mode } = statSync(join(root, file))
      expect(uid).toBe(0)
      expect(mode & 0o022).toBe(0)
    }
    expect(statSync(join(root, 'data')).uid).toBe(USER)
  })
})

describe('the container', () => {
  it('runs the command too, such as the approver of Kubernetes', async (context) => {
    const of = await built(context)
    const command = ['node', '/app/command/rollcall.mjs', 'kubernetes', 'approve', '--issuer']
    const container = startContainer(of, { command: [...command, 'https://rollcall.test'] })
    running.add(container)
    expect(await waitForEnd(container)).toBe(2)
    expect(container.output.stderr).toContain(
      'KUBERNETES_SERVICE_HOST is not set: run this in a pod',
    )
  })

  const variables = (port: number): Record<string, string> => ({
    ROLLCALL_ISSUER: `http://127.0.0.1:${port}`,
    ROLLCALL_SIGNING_KEYS: keys,
    ROLLCALL_POLICY: JSON.stringify(POLICY),
    ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
    PORT: String(port),
  })

  it('enrolls from a root that can not be written, as nobody in particular, and stops with 0', async (context) => {
    const of = await built(context)
    const port = await reservePort()
    const volumes = { '/data': ownFolder('data') }
    const env = { ...variables(port), ROLLCALL_LEDGER: 'sqlite:/data/ledger.db' }
    const before = filesOf(join(of.root, 'app'))
    expect(await health(of, port)).toBe(1)
    const container = await startListening(of, { env, volumes }, running)

    const status = readFileSync(`/proc/${firstProcess(container)}/status`, 'utf8')
    expect(status).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/m)
    expect(status).toMatch(/^Groups:\t *$/m)
    expect(status).toMatch(/^CapEff:\t0+$/m)
    expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    expect(status).toMatch(/^NSpid:\t\d+\t1$/m)

    await enroll(`http://127.0.0.1:${port}`)
    expect(await health(of, port)).toBe(0)
    expect(readdirSync(join(folder, 'data'))).toContain('ledger.db')
    expect(filesOf(join(of.root, 'app'))).toEqual(before)

    process.kill(firstProcess(container), of.stopSignal)
    expect(await waitForEnd(container)).toBe(0)
    expect(container.output.stderr).toContain('stopping')
    expect(await health(of, port)).toBe(1)
  })

  it('can not write anything but its volumes', async (context) => {
    const of = await built(context)
    const script = `
      console.log(process.version)
      const { writeFileSync } = require('node:fs')
      for (const path of ['/app/x', '/app/node.mjs', '/tmp/x', '/data/x', '/x']) {
        try { writeFileSync(path, 'x'); console.log(path) } catch ({ code }) { console.log(code) }
      }`
    const container = startContainer(of, { command: ['node', '-e', script] })
    running.add(container)
    expect(await waitForEnd(container)).toBe(0)
    const [version, ...refusals] = container.output.stdout.trim().split('\n')
    expect(version).toMatch(/^v24\./)
    expect(refusals.filter((line) => !/^(?:EROFS|EACCES|ENOENT)$/.test(line))).toEqual([])
    expect(refusals).toHaveLength(5)
  })

  it('says what is missing and ends with 2 where nothing is configured', async (context) => {
    const container = startContainer(await built(context))
    running.add(container)
    expect(await waitForEnd(container)).toBe(2)
    expect(container.output.stderr).toContain('ROLLCALL_LEDGER: required')
  })
})

interface Compose {
  readonly services: Readonly<
    Record<
      'rollcall' | 'redis',
      {
        readonly environment?: Readonly<Record<string, string>>
        readonly secrets: readonly string[]
        readonly command?: string
        readonly read_only: boolean
        readonly cap_drop: readonly string[]
      }
    >
  >
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
}

describe('compose.yaml', () => {
  const compose = parseYaml(readProjectFile('functions/container/compose.yaml')) as Compose
  const { rollcall, redis } = compose.services

  it('gives each service the secrets that it names, and no rights', () => {
    for (const { secrets, read_only: readOnly, cap_drop: dropped } of [rollcall, redis]) {
      expect(secrets.filter((name) => compose.secrets[name] === undefined)).toEqual([])
      expect({ readOnly, dropped }).toEqual({ readOnly: true, dropped: ['ALL'] })
    }
    const files = Object.values(rollcall.environment ?? {}).filter((it) => it.startsWith('/run/'))
    expect(files).toEqual(rollcall.secrets.map((name) => `/run/secrets/${name}`))
  })

  it('starts the service and its Redis so that they enroll, with every secret in a file', async (context) => {
    requireRedis(context)
    const of = await built(context)
    const [port, redisPort] = [await reservePort(), await reservePort()]
    const [secrets, data] = [ownFolder('secrets'), ownFolder('redis')]
    const url = `http://127.0.0.1:${port}`
    const contents: Record<string, string> = {
      'redis.conf': 'requirepass of-the-test\n',
      'ledger-url': `redis://:of-the-test@redis:${redisPort}\n`,
      'signing-keys.json': keys,
      'policy.json': JSON.stringify(POLICY),
      'admin-keys.json': JSON.stringify(operatorKeys),
    }
    expect(Object.keys(contents).toSorted()).toEqual(Object.keys(compose.secrets).toSorted())
    for (const [name, text] of Object.entries(contents)) writeFileSync(join(secrets, name), text)

    const [server = '', ...args] = (redis.command ?? '')
      .replace('/run/secrets', secrets)
      .replace('/data', data)
      .split(/\s+/)
    const store = startProcess(server, [
      ...args,
      '--port',
      String(redisPort),
      '--bind',
      '127.0.0.1',
    ])
    running.add(store)
    const kept = async (): Promise<string> => {
      const settings = ['appendonly', 'appendfsync', 'maxmemory-policy']
      const cli = ['-p', String(redisPort), '-a', 'of-the-test', 'config', 'get', ...settings]
      return (await run('redis-cli', cli)).stdout
    }
    await waitUntil(() => kept().then(Boolean, () => false), { seconds: SECONDS, what: 'Redis' })
    expect(await kept()).toMatch(/appendonly\nyes/)
    expect(await kept()).toMatch(/appendfsync\nalways/)
    expect(await kept()).toMatch(/maxmemory-policy\nnoeviction/)

    const env = {
      ...rollcall.environment,
      ROLLCALL_ISSUER: url,
      ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
      PORT: String(port),
    }
    const options = { env, volumes: { '/run/secrets': secrets }, hosts: ['127.0.0.1 redis'] }
    const container = await startListening(of, options, running)
    await enroll(url)
    // 404 is the answer of a service without operators.
    expect((await fetch(`${url}/v1/admin/instances`)).status).toBe(401)
    process.kill(firstProcess(container), of.stopSignal)
    expect(await waitForEnd(container)).toBe(0)
  })
})

/** The docker command, if there is an engine behind it. */
const findEngine = async (): Promise<string | undefined> => {
  const docker = findTool('docker')
  const args = ['version', '--format', '{{.Server.Version}}']
  return (
    docker &&
    run(docker, args, { timeout: 10_000 }).then(
      () => docker,
      () => undefined,
    )
  )
}
const engine = await findEngine()

// Not skipped where there is none: no machine of the project's can have one.
if (engine !== undefined) {
  it(
    'Dockerfile is built by an engine into an image that says what is missing',
    async () => {
      const tag = 'rollcall-of-the-tests'
      await run(engine, ['build', '--tag', tag, ROOT], { maxBuffer: 1e8 })
      const args = ['run', '--rm', '--read-only', '--cap-drop=ALL', tag]
      await expect(run(engine, args)).rejects.toMatchObject({ code: 2 })
      await run(engine, ['rmi', tag])
    },
    ENGINE_LIMIT_MS,
  )
}
