// What bootstrap.sh does when things go wrong, and what it never does.

import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { bootstrapScript } from '../../../src/http/bootstrap-script.ts'
import { ROLE, claimsOf } from '../../support/enrollment.ts'
import { ROOT } from '../../support/sources.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import {
  type BootstrapScene,
  enrollIn,
  runScript,
  setBootstrapScene,
} from '../../support/bootstrap.ts'

let scene: BootstrapScene
afterEach(() => scene?.close())

const unavailable = (headers: Record<string, string> = {}): Response =>
  new Response('', { status: 503, headers })
const isEnroll = ({ url }: Request): boolean => url.endsWith('/v1/enroll')
const bodiesOf = (path: string): string[] =>
  scene.requests.filter((request) => request.path === path).map(({ body }) => body)

describe('bootstrap.sh', () => {
  it('passes shellcheck', async (context) => {
    const tool = requireTool(context, 'shellcheck', 'apt-get install shellcheck')
    const script = join(ROOT, 'src/http/bootstrap.sh')
    const { stdout } = await promisify(execFile)(tool, ['-s', 'sh', script])
    expect(stdout).toBe('')
  })

  it('is small', () => {
    const script = bootstrapScript({ issuer: 'https://rollcall.example', role: ROLE })
    expect(script.length).toBeLessThan(10_240)
    expect(gzipSync(script).length).toBeLessThan(4300)
  })

  it('asks for no signature when a service passes on the challenge of another one', async () => {
    const other = await setBootstrapScene()
    scene = await setBootstrapScene()
    scene.intercept = (request) =>
      request.url.endsWith('/v1/challenge')
        ? fetch(`${other.url}/v1/challenge`, {
            method: 'POST',
            body: new URLSearchParams({ role: ROLE }),
          })
        : undefined
    let asked = 0
    const proxy = await setMetadataProxy(scene.metadata.url, () => asked++)
    const run = await enrollIn(scene, { ROLLCALL_METADATA_URL: proxy.url })
    await proxy.close()
    await other.close()
    expect(run).toMatchObject({ status: 4, stdout: '' })
    expect(run.stderr).toMatch(/stopped before anything was signed/)
    expect(asked).toBe(0)
    expect(bodiesOf('POST /v1/enroll')).toEqual([])
  })

  it('asks for no signature when the challenge is for another role', async () => {
    scene = await setBootstrapScene()
    scene.intercept = async (request, pass) =>
      request.url.endsWith('/v1/challenge')
        ? pass(
            new Request(request.url, {
              method: 'POST',
              body: new URLSearchParams({ role: 'other' }),
            }),
          )
        : undefined
    expect(await enrollIn(scene)).toMatchObject({ status: 4, stdout: '' })
    expect(bodiesOf('POST /v1/enroll')).toEqual([])
  })

  it('repeats the same challenge and evidence after 503, and gets the token', async () => {
    scene = await setBootstrapScene()
    let failures = 2
    scene.intercept = (request) => (isEnroll(request) && failures-- > 0 ? unavailable() : undefined)
    const run = await enrollIn(scene)
    expect(run.status).toBe(0)
    expect(run.stderr).toMatch(/trying again/)
    expect(bodiesOf('POST /v1/challenge')).toHaveLength(1)
    expect(bodiesOf('POST /v1/enroll')).toHaveLength(3)
    expect(new Set(bodiesOf('POST /v1/enroll')).size).toBe(1)
  })

  it('gets the same enrollment when the answer was lost after it was done', async () => {
    scene = await setBootstrapScene()
    let lost: string | undefined
    scene.intercept = async (request, pass) => {
      if (!isEnroll(request) || lost !== undefined) return undefined
      lost = await (await pass(request)).text()
      return unavailable()
    }
    const run = await enrollIn(scene)
    expect(run.status).toBe(0)
    expect(claimsOf(run.stdout)).toEqual(claimsOf(String(lost)))
  })

  it.each([408, 429, 500, 502])('tries again after %i', async (status) => {
    scene = await setBootstrapScene()
    let failures = 1
    scene.intercept = (request) =>
      isEnroll(request) && failures-- > 0 ? new Response('', { status }) : undefined
    expect(await enrollIn(scene)).toMatchObject({ status: 0 })
  })

  it.each([400, 404, 413, 302])('ends at once after %i', async (status) => {
    scene = await setBootstrapScene()
    scene.intercept = (request) =>
      isEnroll(request) ? new Response('', { status, headers: { Location: '/x' } }) : undefined
    expect(await enrollIn(scene)).toMatchObject({ status: 4, stdout: '' })
    expect(bodiesOf('POST /v1/enroll')).toHaveLength(1)
  })

  it('waits as long as Retry-After says', async () => {
    scene = await setBootstrapScene()
    const times: number[] = []
    scene.intercept = (request) => {
      if (!isEnroll(request)) return undefined
      times.push(Date.now())
      return times.length === 1 ? unavailable({ 'Retry-After': '2' }) : undefined
    }
    expect((await enrollIn(scene)).status).toBe(0)
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(1990)
  })

  it('starts over with a new challenge once the old one has expired', async () => {
    scene = await setBootstrapScene({ challengeLifetimeSeconds: 4 })
    let failures = 1
    scene.intercept = (request) =>
      isEnroll(request) && failures-- > 0 ? unavailable({ 'Retry-After': '4' }) : undefined
    const run = await enrollIn(scene)
    expect(run.status).toBe(0)
    expect(run.stderr).toMatch(/starting over/)
    expect(bodiesOf('POST /v1/challenge')).toHaveLength(2)
    expect(new Set(bodiesOf('POST /v1/enroll')).size).toBe(2)
  })

  it('starts over once, and only once, after a 401 that came when the challenge had expired', async () => {
    scene = await setBootstrapScene({ challengeLifetimeSeconds: 1 })
    scene.intercept = async (request) => {
      if (!isEnroll(request)) return undefined
      await new Promise((resolve) => setTimeout(resolve, 1600))
      return new Response('{"title":"no","request_id":"r"}', { status: 401 })
    }
    const run = await enrollIn(scene)
    expect(run.status).toBe(4)
    expect(bodiesOf('POST /v1/enroll')).toHaveLength(2)
  })

  it('takes a 401 before the challenge expires for a refusal', async () => {
    scene = await setBootstrapScene({ emulator: { faults: ['wrong-key'] } })
    expect(await enrollIn(scene)).toMatchObject({ status: 4 })
    expect(scene.events.at(-1)).toMatchObject({ reason: 'signature_invalid' })
    expect(bodiesOf('POST /v1/enroll')).toHaveLength(1)
  })

  it('gives up after the attempts that it may make', async () => {
    scene = await setBootstrapScene()
    scene.intercept = () => unavailable()
    const run = await enrollIn(scene, { ROLLCALL_ATTEMPTS: '2' })
    expect(run).toMatchObject({ status: 5, stdout: '' })
    expect(bodiesOf('POST /v1/challenge')).toHaveLength(2)
  })

  it('ends with 5 where something answers that is not rollcall', async () => {
    scene = await setBootstrapScene()
    scene.intercept = () => new Response('<html>portal</html>')
    expect(await enrollIn(scene)).toMatchObject({ status: 5, stdout: '' })
  })

  it.each([
    ['document', /instance-identity\/document \(status 404/],
    ['pkcs7', /instance-identity\/pkcs7 \(status 404/],
  ])('ends with 3 where the metadata service has no %s', async (name, message) => {
    const faults = [`not-found:dynamic/instance-identity/${name}`]
    scene = await setBootstrapScene({ emulator: { faults } })
    const run = await enrollIn(scene)
    expect(run.status).toBe(3)
    expect(run.stderr).toMatch(message)
  })

  it('tells of auto mode where hardened mode is missing, and falls back if told to', async () => {
    scene = await setBootstrapScene({ emulator: { faults: ['not-found:api/token'] } })
    const run = await enrollIn(scene)
    expect(run.status).toBe(3)
    expect(run.stderr).toMatch(/set ROLLCALL_METADATA_MODE=auto/)
    expect(await enrollIn(scene, { ROLLCALL_METADATA_MODE: 'auto' })).toMatchObject({ status: 0 })
  })

  it('uses no proxy for the metadata service', async () => {
    scene = await setBootstrapScene()
    // The service takes the part of the proxy: it sees whatever is sent by way of one.
    const run = await enrollIn(scene, { http_proxy: scene.url, no_proxy: '' })
    expect(run.status).toBe(0)
    expect(scene.requests.map(({ path }) => path)).toEqual([
      'POST /v1/challenge',
      'POST /v1/enroll',
    ])
  })

  it('does nothing when the download breaks off', async () => {
    scene = await setBootstrapScene()
    const script = bootstrapScript({ issuer: scene.url, role: ROLE })
    const lines = script.split('\n')
    const cuts = lines.slice(0, -2).map((_, index) => lines.slice(0, index + 1).join('\n').length)
    const inside = Array.from({ length: 40 }, (_, i) => (i * 7919) % (script.length - 12))
    const runs = [...cuts.filter((_, i) => i % 3 === 0), ...inside, script.length - 11]
    for (const cut of runs) {
      const run = await runScript(['sh'], script.slice(0, cut), {
        ROLLCALL_METADATA_URL: scene.metadata.url,
      })
      expect(run.stdout, `cut at ${cut}`).toBe('')
    }
    expect(scene.requests).toEqual([])
  })

  it('puts neither evidence nor a metadata token into arguments that every process can see', async () => {
    scene = await setBootstrapScene()
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-argv-'))
    const log = join(folder, 'log')
    const wrapper = join(folder, 'curl')
    writeFileSync(
      wrapper,
      `#!/bin/sh\nprintf '%s\\n' "$*" >>'${log}'\nexec ${findTool('curl')} "$@"\n`,
    )
    chmodSync(wrapper, 0o755)
    const run = await enrollIn(scene, { PATH: `${folder}:${process.env['PATH']}` })
    const seen = readFileSync(log, 'utf8')
    rmSync(folder, { recursive: true })
    expect(run.status).toBe(0)
    expect(seen.split('\n').filter((line) => line !== '')).toHaveLength(5)
    expect(seen).not.toContain('zone-id')
    expect(seen).not.toMatch(/metadata-token:/)
    expect(seen).not.toContain(run.stdout.slice(0, 30))
  })

  it('cannot be made to run what an issuer or a role says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-quote-'))
    const pwned = join(folder, 'pwned')
    const trick = `http://127.0.0.1:9/'$(touch ${pwned})\`touch ${pwned}\`"; touch ${pwned}; '`
    await runScript(['sh'], bootstrapScript({ issuer: trick, role: trick }), {
      ROLLCALL_ROLE: 'worker',
      ROLLCALL_ATTEMPTS: '1',
    })
    expect(existsSync(pwned)).toBe(false)
    rmSync(folder, { recursive: true })
  })
})

/** Stands before the metadata service and counts the requests for a signature. */
const setMetadataProxy = async (
  target: string,
  onSignature: () => void,
): Promise<{ url: string; close(): Promise<void> }> => {
  const { createServer } = await import('node:http')
  const server = createServer((request, response) => {
    if (request.url?.includes('pkcs7')) onSignature()
    const headers = request.headers as Record<string, string>
    void fetch(target + request.url, { method: request.method ?? 'GET', headers }).then(
      async (answer) => response.writeHead(answer.status).end(await answer.text()),
    )
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
