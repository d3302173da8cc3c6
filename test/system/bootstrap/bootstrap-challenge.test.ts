// How shell clients check a challenge before they ask for a signature over it: bootstrap.sh and the
// lines of docs/instances.md, under each shell and with busybox alone.

import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bootstrapScript } from '../../../src/http/bootstrap-script.ts'
import { ROLE, claimsOf } from '../../support/test-enroller.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { ROOT } from '../../support/sources.ts'
import { enrollIn, runScript } from '../../support/bootstrap.ts'
import { type ClientServers, startClientServers } from '../../support/client-servers.ts'

let servers: ClientServers
let other: ClientServers
let folder: string
beforeAll(async () => {
  ;[servers, other] = await Promise.all([startClientServers(), startClientServers()])
  folder = mkdtempSync(join(tmpdir(), 'rollcall-challenge-'))
})
afterAll(async () => {
  await servers.close()
  await other.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The applets of busybox that the clients use; nothing but these and curl is found. */
const APPLETS =
  'base64 cat cut date grep head mktemp mv od rm sed sha256sum sh sleep tail tr wc'.split(' ')

const busyboxOnly = (context: TestContext): string => {
  const busybox = requireTool(context, 'busybox', 'apt-get install busybox')
  const bin = mkdtempSync(join(folder, 'busybox-'))
  for (const applet of APPLETS) symlinkSync(busybox, join(bin, applet))
  symlinkSync(requireTool(context, 'curl', 'apt-get install curl'), join(bin, 'curl'))
  return bin
}

const toolOf = (context: TestContext, name: string): string =>
  requireTool(context, name, `apt-get install ${name}`)

/** A shell, and the folder that its tools are in. */
type Machine = (context: TestContext) => { shell: [string, ...string[]]; path: string }

const everyTool = process.env['PATH'] ?? ''
const MACHINES: readonly (readonly [string, Machine])[] = [
  ['dash', (context) => ({ shell: [toolOf(context, 'dash')], path: everyTool })],
  ['bash', (context) => ({ shell: [toolOf(context, 'bash')], path: everyTool })],
  [
    'busybox alone',
    (context) => ({ shell: [toolOf(context, 'busybox'), 'sh'], path: busyboxOnly(context) }),
  ],
]

/** The service passes on the challenge that another service made for the same role. */
const passOnChallenges = (): void => {
  servers.intercept = (request) =>
    request.url.endsWith('/v1/challenge')
      ? fetch(`${other.url}/v1/challenge`, {
          method: 'POST',
          headers: { Accept: request.headers.get('Accept') ?? '*/*' },
          body: new URLSearchParams({ role: ROLE }),
        })
      : undefined
}
const behave = (): void => void (servers.intercept = () => undefined)

/** The fence of docs/instances.md that enrolls by hand, and what it talks to put in place. */
const byHand = (): string => {
  const fences = readFileSync(join(ROOT, 'docs/instances.md'), 'utf8').matchAll(
    /^```sh\n([^]*?)^```$/gm,
  )
  const fence = [...fences].map(([, text = '']) => text).find((text) => text.includes('aud=$('))
  return String(fence)
    .replace('https://rollcall.example', servers.url)
    .replace('http://100.100.100.200', servers.metadataUrl)
}
const IS_RIGHT = 'the challenge is right\n'

describe.each(MACHINES)('with %s', (_, machine) => {
  it('bootstrap.sh enrolls', async (context) => {
    behave()
    const { shell, path } = machine(context)
    const run = await enrollIn(servers, { PATH: path }, shell)
    expect(run).toMatchObject({ status: 0, stderr: '' })
    expect(claimsOf(run.stdout)).toMatchObject({ iss: servers.url, role: ROLE })
  })

  it('bootstrap.sh ends with 4 at a challenge of another service', async (context) => {
    passOnChallenges()
    const { shell, path } = machine(context)
    const run = await enrollIn(servers, { PATH: path }, shell)
    expect(run).toMatchObject({ status: 4, stdout: '' })
    expect(run.stderr).toMatch(/stopped before anything was signed/)
  })

  it('the lines of the page enroll, and say that the challenge is right', async (context) => {
    behave()
    const { shell, path } = machine(context)
    const run = await runScript(shell, byHand(), { PATH: path })
    expect(run.stderr).toBe('')
    expect(run.stdout.startsWith(IS_RIGHT)).toBe(true)
    expect(claimsOf(run.stdout.slice(IS_RIGHT.length))).toMatchObject({ role: ROLE })
  })

  it('the lines of the page say nothing about a challenge of another service', async (context) => {
    passOnChallenges()
    const { shell, path } = machine(context)
    const lines = byHand().split('\n').slice(0, 4).join('\n')
    expect(await runScript(shell, lines, { PATH: path })).toMatchObject({ stdout: '' })
  })
})

describe('bootstrap.sh', () => {
  /** A folder of tools in which some are not what they should be. */
  const toolsWith = (fakes: Readonly<Record<string, string>>): string => {
    const bin = mkdtempSync(join(folder, 'fakes-'))
    for (const [name, script] of Object.entries(fakes)) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
      chmodSync(join(bin, name), 0o755)
    }
    return bin
  }

  it.each([
    ['sha256sum fails', { sha256sum: 'exit 1' }],
    ['base64 fails', { base64: 'exit 1' }],
    ['all of its tools fail', { sha256sum: 'exit 1', base64: 'exit 1', od: 'exit 1' }],
  ])('asks for no signature where %s', async (_, fakes) => {
    behave()
    const enrollments = servers.requests.length
    const run = await enrollIn(servers, { PATH: `${toolsWith(fakes)}:${everyTool}` })
    expect(run).toMatchObject({ status: 4, stdout: '' })
    expect(servers.requests.slice(enrollments).map(({ path }) => path)).toEqual([
      'POST /v1/challenge',
    ])
  })

  it.each([
    ['curl', 'curl'],
    ['sha256sum', 'coreutils'],
    ['base64', 'coreutils'],
    ['od', 'coreutils'],
  ])('ends with 2 where %s is missing, and names the package %s', async (missing, packageName) => {
    const bin = mkdtempSync(join(folder, 'missing-'))
    for (const tool of [...APPLETS, 'curl']) {
      if (tool !== missing) symlinkSync(findTool(tool) as string, join(bin, tool))
    }
    const script = bootstrapScript({ issuer: servers.url })
    const run = await runScript([findTool('sh') as string], script, { PATH: bin })
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toBe(`rollcall: ${missing} is missing; install the package ${packageName}\n`)
  })
})
