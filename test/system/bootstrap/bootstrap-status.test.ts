// Each exit status of bootstrap.sh, in each shell that it must run under.

import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bootstrapScript } from '../../../src/http/bootstrap-script.ts'
import { reservePort } from '../../support/ports.ts'
import { verifyToken } from '../../support/relying-party.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { enrollIn, pathWith, runScript } from '../../support/bootstrap.ts'
import { type ClientServers, startClientServers } from '../../support/client-servers.ts'

const SHELLS = [
  ['dash', []],
  ['bash', []],
  ['busybox', ['sh']],
] as const

describe.each(SHELLS)('bootstrap.sh under %s', (name, args) => {
  let servers: ClientServers
  let folder: string
  let PATH: string
  beforeAll(async () => {
    servers = await startClientServers({ emulator: { hardenedOnly: true } })
    folder = mkdtempSync(join(tmpdir(), 'rollcall-bootstrap-'))
    PATH = pathWith(mkdtempSync(join(tmpdir(), 'rollcall-quick-')), { sleep: ':' })
  })
  afterAll(async () => {
    await servers.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const shellOf = (context: TestContext): [string, ...string[]] => [
    requireTool(context, name, `apt-get install ${name}`),
    ...args,
  ]

  it('ends with 0 and prints the token alone', async (context) => {
    const run = await enrollIn(servers, {}, shellOf(context))
    expect(run).toMatchObject({ status: 0, stderr: '' })
    const { claims } = await verifyToken(run.stdout, servers.url, 'https://cluster.example')
    expect(claims['ecs'].instance_id).toBe(servers.emulator.instances[0]?.instanceId)
  })

  it('ends with 0 and writes the token to a file that only its owner can read', async (context) => {
    const file = join(folder, 'token.jwt')
    const run = await enrollIn(servers, { ROLLCALL_TOKEN_FILE: file }, shellOf(context))
    expect(run).toMatchObject({ status: 0, stdout: '' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await verifyToken(readFileSync(file, 'utf8'), servers.url, 'https://cluster.example')
    expect(readdirSync(folder)).toEqual(['token.jwt'])
  })

  it('replaces a token, also one that was cut off, and no file of something else', async (context) => {
    const file = join(folder, 'old.jwt')
    const env = { ROLLCALL_TOKEN_FILE: file }
    for (const text of ['', 'eyJhbGciOi', 'eyJhbGci.eyJpc3Mi.AAAA\n', '\0'.repeat(500)]) {
      writeFileSync(file, text)
      expect(await enrollIn(servers, env, shellOf(context))).toMatchObject({ status: 0 })
      await verifyToken(readFileSync(file, 'utf8'), servers.url, 'https://cluster.example')
    }
    const before = servers.requests.length
    for (const text of [
      '{"keys":[]}',
      'eyJhbGci.eyJpc3Mi.AAAA\nroot:x:0:0\n',
      'eyJhbGci is how a token begins',
      btoa(`{"keys":${JSON.stringify('x'.repeat(300))}}`),
      `${'\0'.repeat(10_000)}disk`,
    ]) {
      writeFileSync(file, text)
      const run = await enrollIn(servers, env, shellOf(context))
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toContain(`ROLLCALL_TOKEN_FILE: ${file} is not a token`)
      expect(readFileSync(file, 'utf8')).toBe(text)
    }
    expect(servers.requests).toHaveLength(before)
    rmSync(file)
  })

  it('replaces no file that it cannot read', async (context) => {
    const file = join(folder, 'unread.jwt')
    writeFileSync(file, 'root:x:0:0')
    const before = servers.requests.length
    // For root every file can be read, so the program fails that reads it.
    const bin = join(folder, 'unread-bin')
    const PATH = pathWith(bin, {
      cat: 'echo "cat: Input/output error" >&2; exit 1',
    })
    const run = await enrollIn(servers, { ROLLCALL_TOKEN_FILE: file, PATH }, shellOf(context))
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(`ROLLCALL_TOKEN_FILE: cannot read ${file}`)
    expect(readFileSync(file, 'utf8')).toBe('root:x:0:0')
    expect(servers.requests).toHaveLength(before)
    rmSync(file)
    rmSync(bin, { recursive: true })
  })

  it.for<[string, Record<string, string>, RegExp]>([
    ['a role out of pattern', { ROLLCALL_ROLE: 'Worker' }, /ROLLCALL_ROLE/],
    ['a mode that is none', { ROLLCALL_METADATA_MODE: 'normal' }, /ROLLCALL_METADATA_MODE/],
    ['attempts that are no number', { ROLLCALL_ATTEMPTS: 'many' }, /ROLLCALL_ATTEMPTS/],
    ['a token file that is a folder', { ROLLCALL_TOKEN_FILE: tmpdir() }, /is a folder/],
    [
      'a token file that is a device',
      { ROLLCALL_TOKEN_FILE: '/dev/full' },
      /is a device or a pipe/,
    ],
    ['a token file that cannot be', { ROLLCALL_TOKEN_FILE: '/nowhere/at/all' }, /cannot write/],
  ])('ends with 2 for %s, before it asks anybody', async ([, env, message], context) => {
    const before = servers.requests.length
    const run = await enrollIn(servers, env, shellOf(context))
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toMatch(message)
    expect(servers.requests).toHaveLength(before)
  })

  it('ends with 2 for an argument that it does not know, and with 0 for --help', async (context) => {
    const [shell, ...shellArgs] = shellOf(context)
    const script = bootstrapScript({ issuer: servers.url })
    const unknown = await runScript([shell, ...shellArgs, '-s', '--', '--nope'], script, {})
    expect(unknown.status).toBe(2)
    const help = await runScript([shell, ...shellArgs, '-s', '--', '--help'], script, {})
    expect(help.status).toBe(0)
    expect(help.stdout).toMatch(/Exit status: 0 token, 2 usage/)
  })

  it('ends with 2 where curl is missing', async (context) => {
    const [shell, ...shellArgs] = shellOf(context)
    const bin = mkdtempSync(join(tmpdir(), 'rollcall-bin-'))
    for (const tool of ['mktemp', 'cut', 'date', 'rm', 'tr', 'sed']) {
      symlinkSync(findTool(tool) as string, join(bin, tool))
    }
    const script = bootstrapScript({ issuer: servers.url })
    const run = await runScript([shell, ...shellArgs], script, { PATH: bin })
    rmSync(bin, { recursive: true })
    expect(run.status).toBe(2)
    expect(run.stderr).toMatch(/curl is missing; install/)
  })

  it('ends with 3 where no metadata service answers', async (context) => {
    const env = { PATH, ROLLCALL_METADATA_URL: `http://127.0.0.1:${await reservePort()}` }
    const run = await enrollIn(servers, env, shellOf(context))
    expect(run).toMatchObject({ status: 3, stdout: '' })
    expect(run.stderr).toMatch(/is this an ECS instance in a VPC/)
  })

  it('ends with 4 where the service does not admit it, and names the request', async (context) => {
    const run = await enrollIn(servers, { ROLLCALL_ROLE: 'other' }, shellOf(context))
    expect(run).toMatchObject({ status: 4, stdout: '' })
    const refused = servers.events.findLast(({ outcome }) => outcome === 'refused')
    expect(refused).toMatchObject({ code: 'not_admitted' })
    expect(run.stderr).toContain(String(refused?.request_id))
  })

  it('ends with 5 where no service answers', async (context) => {
    const script = bootstrapScript({ issuer: `http://127.0.0.1:${await reservePort()}` })
    const run = await runScript(shellOf(context), script, { PATH, ROLLCALL_ATTEMPTS: '2' })
    expect(run).toMatchObject({ status: 5, stdout: '' })
    expect(run.stderr).toMatch(/does not answer .*try again later/)
  })
})
