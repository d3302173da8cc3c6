// What bootstrap.sh does when things go wrong, and what it never does.

import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bootstrapScript } from '../../../src/http/bootstrap-script.ts'
import { ROLE, claimsOf } from '../../support/test-enroller.ts'
import { ROOT } from '../../support/sources.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import {
  createScriptTime,
  enrollIn,
  pathWith,
  problem,
  runScript,
} from '../../support/bootstrap.ts'
import {
  type ClientServers,
  type ClientServersOptions,
  isEnroll,
  startClientServers,
  unavailable,
} from '../../support/client-servers.ts'

let folder: string
const started: ClientServers[] = []
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-bootstrap-'))
})
afterAll(async () => {
  await Promise.all(started.map((servers) => servers.close()))
  rmSync(folder, { recursive: true })
})

const open = async (options?: ClientServersOptions): Promise<ClientServers> => {
  const servers = await startClientServers(options)
  started.push(servers)
  return servers
}

const scriptTime = () => createScriptTime(mkdtempSync(join(folder, 'time-')))

/** Runs the script without waiting, unless `env` has another PATH. */
const enroll = (servers: ClientServers, env: Record<string, string> = {}) =>
  enrollIn(servers, { PATH: scriptTime().PATH, ...env })

describe.concurrent('bootstrap.sh', () => {
  it('passes shellcheck', async (context) => {
    const tool = requireTool(context, 'shellcheck', 'apt-get install shellcheck')
    const script = join(ROOT, 'src/http/bootstrap.sh')
    const { stdout } = await promisify(execFile)(tool, ['-s', 'sh', script])
    expect(stdout).toBe('')
  })

  it('is small', () => {
    const script = bootstrapScript({ issuer: 'https://rollcall.example', role: ROLE })
    expect(script.length).toBeLessThan(17_408)
    expect(gzipSync(script).length).toBeLessThan(6656)
  })

  it('asks for no signature when a service passes on the challenge of another one', async () => {
    const other = await open()
    const servers = await open()
    servers.intercept = (request) =>
      request.url.endsWith('/v1/challenge')
        ? fetch(`${other.url}/v1/challenge`, {
            method: 'POST',
            body: new URLSearchParams({ role: ROLE }),
          })
        : undefined
    const run = await enroll(servers)
    expect(run).toMatchObject({ status: 4, stdout: '' })
    expect(run.stderr).toMatch(/stopped before anything was signed/)
    expect(servers.asked).toEqual([])
    expect(servers.bodiesOf('POST /v1/enroll')).toEqual([])
  })

  it('asks for no signature when the challenge is for another role', async () => {
    const servers = await open()
    servers.intercept = async (request, pass) =>
      request.url.endsWith('/v1/challenge')
        ? pass(
            new Request(request.url, {
              method: 'POST',
              body: new URLSearchParams({ role: 'other' }),
            }),
          )
        : undefined
    expect(await enroll(servers)).toMatchObject({ status: 4, stdout: '' })
    expect(servers.bodiesOf('POST /v1/enroll')).toEqual([])
  })

  it('repeats the same challenge and evidence after 503, and gets the token', async () => {
    const servers = await open()
    let failures = 2
    servers.intercept = (request) =>
      isEnroll(request) && failures-- > 0 ? unavailable() : undefined
    const run = await enroll(servers)
    expect(run.status).toBe(0)
    expect(run.stderr).toMatch(/retrying/)
    expect(servers.bodiesOf('POST /v1/challenge')).toHaveLength(1)
    expect(servers.bodiesOf('POST /v1/enroll')).toHaveLength(3)
    expect(new Set(servers.bodiesOf('POST /v1/enroll')).size).toBe(1)
  })

  it('gets the same enrollment when the answer was lost after it was done', async () => {
    const servers = await open()
    let lost: string | undefined
    servers.intercept = async (request, pass) => {
      if (!isEnroll(request) || lost !== undefined) return undefined
      lost = await (await pass(request)).text()
      return unavailable()
    }
    const run = await enroll(servers)
    expect(run.status).toBe(0)
    expect(claimsOf(run.stdout)).toEqual(claimsOf(String(lost)))
  })

  it('waits as long as Retry-After says', async () => {
    const servers = await open()
    let failures = 1
    servers.intercept = (request) =>
      isEnroll(request) && failures-- > 0 ? unavailable({ 'Retry-After': '2' }) : undefined
    const { PATH, slept } = scriptTime()
    expect((await enroll(servers, { PATH })).status).toBe(0)
    const [seconds, ...more] = slept()
    expect(more).toEqual([])
    // And a random part of 2 s more.
    expect(['2', '3', '4']).toContain(seconds)
  })

  it('starts over with a new challenge once the old one has expired', async () => {
    const servers = await open({ challengeLifetimeSeconds: 30 })
    let failures = 1
    servers.intercept = (request) =>
      isEnroll(request) && failures-- > 0 ? unavailable({ 'Retry-After': '30' }) : undefined
    const run = await enroll(servers)
    expect(run.status).toBe(0)
    expect(run.stderr).toMatch(/starting over/)
    expect(servers.bodiesOf('POST /v1/challenge')).toHaveLength(2)
    expect(new Set(servers.bodiesOf('POST /v1/enroll')).size).toBe(2)
  })

  it('starts over once, and only once, after a 401 that came when the challenge had expired', async () => {
    const servers = await open({ challengeLifetimeSeconds: 1 })
    const { PATH, pass } = scriptTime()
    servers.intercept = (request) => {
      if (!isEnroll(request)) return undefined
      pass(2)
      return problem(401, 'invalid_evidence')
    }
    const run = await enroll(servers, { PATH })
    expect(run.status).toBe(4)
    expect(servers.bodiesOf('POST /v1/enroll')).toHaveLength(2)
  })

  it('takes a 401 before the challenge expires for a refusal', async () => {
    const servers = await open({ emulator: { faults: ['wrong-key'] } })
    expect(await enroll(servers)).toMatchObject({ status: 4 })
    expect(servers.events.at(-1)).toMatchObject({ reason: 'signature_invalid' })
    expect(servers.bodiesOf('POST /v1/enroll')).toHaveLength(1)
  })

  it('gives up after the attempts that it may make', async () => {
    const servers = await open()
    servers.intercept = () => unavailable()
    const run = await enroll(servers, { ROLLCALL_ATTEMPTS: '2' })
    expect(run).toMatchObject({ status: 5, stdout: '' })
    expect(servers.bodiesOf('POST /v1/challenge')).toHaveLength(2)
  })

  it.each([
    ['document', /instance-identity\/document \(status 404/],
    ['pkcs7', /instance-identity\/pkcs7 \(status 404/],
  ])('ends with 3 where the metadata service has no %s', async (name, message) => {
    const faults = [`not-found:dynamic/instance-identity/${name}`]
    const servers = await open({ emulator: { faults } })
    const run = await enroll(servers)
    expect(run.status).toBe(3)
    expect(run.stderr).toMatch(message)
  })

  it('tells of auto mode where hardened mode is missing, and falls back if told to', async () => {
    const servers = await open({ emulator: { faults: ['not-found:api/token'] } })
    const run = await enroll(servers)
    expect(run.status).toBe(3)
    expect(run.stderr).toMatch(/set ROLLCALL_METADATA_MODE=auto/)
    expect(await enroll(servers, { ROLLCALL_METADATA_MODE: 'auto' })).toMatchObject({ status: 0 })
  })

  it('uses no proxy for the metadata service', async () => {
    const servers = await open()
    // The service takes the part of the proxy: it sees whatever is sent by way of one.
    const run = await enroll(servers, { http_proxy: servers.url, no_proxy: '' })
    expect(run.status).toBe(0)
    expect(servers.requests.map(({ path }) => path)).toEqual([
      'POST /v1/challenge',
      'POST /v1/enroll',
    ])
  })

  it('does nothing when the download breaks off', async () => {
    const servers = await open()
    const script = bootstrapScript({ issuer: servers.url, role: ROLE })
    const lines = script.split('\n')
    const cuts = lines.slice(0, -2).map((_, index) => lines.slice(0, index + 1).join('\n').length)
    const inside = Array.from({ length: 40 }, (_, i) => (i * 7919) % (script.length - 12))
    const runs = [...cuts.filter((_, i) => i % 3 === 0), ...inside, script.length - 11]
    const env = { ROLLCALL_METADATA_URL: servers.metadataUrl }
    while (runs.length > 0) {
      const some = runs.splice(0, 8)
      const outputs = await Promise.all(
        some.map(async (cut) => (await runScript(['sh'], script.slice(0, cut), env)).stdout),
      )
      expect(outputs, `cut at ${some.join()}`).toEqual(some.map(() => ''))
    }
    expect(servers.requests).toEqual([])
  })

  it('puts neither evidence nor a metadata token into arguments that every process can see', async () => {
    const servers = await open()
    const log = join(folder, 'arguments')
    const curl = `printf '%s\\n' "$*" >>'${log}'\nexec ${findTool('curl')} "$@"`
    const run = await enroll(servers, { PATH: pathWith(join(folder, 'logging'), { curl }) })
    const seen = readFileSync(log, 'utf8')
    expect(run.status).toBe(0)
    expect(seen.split('\n').filter((line) => line !== '')).toHaveLength(5)
    expect(seen).not.toContain('zone-id')
    expect(seen).not.toMatch(/metadata-token:/)
    expect(seen).not.toContain(run.stdout.slice(0, 30))
  })

  it('cannot be made to run what an issuer or a role says', async () => {
    const pwned = join(folder, 'pwned')
    const trick = `http://127.0.0.1:9/'$(touch ${pwned})\`touch ${pwned}\`"; touch ${pwned}; '`
    await runScript(['sh'], bootstrapScript({ issuer: trick, role: trick }), {
      ROLLCALL_ROLE: 'worker',
      ROLLCALL_ATTEMPTS: '1',
    })
    expect(existsSync(pwned)).toBe(false)
  })
})
