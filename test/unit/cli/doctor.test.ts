// `rollcall doctor`: with everything in order, and with each thing broken alone, where exactly that line
// fails, with what to do about it.

import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM_TIMING } from '../../../src/base/timing.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { ROLE } from '../../support/test-enroller.ts'
import { reservePort } from '../../support/ports.ts'
import { type ClientServers, isEnroll, startClientServers } from '../../support/client-servers.ts'
import { problem } from '../../support/problem.ts'
import { type RollcallCommand, type Run, createCommand } from '../../support/command.ts'

const NAMES = [
  'metadata service',
  'hardened mode',
  'document',
  'key',
  'clock',
  'service',
  'ledger',
  'discovery',
  'keys',
  'challenge',
  'signature',
  'role',
  'enrollment',
]

let command: RollcallCommand
let servers: ClientServers
beforeAll(async () => {
  command = createCommand()
})
afterEach(() => servers?.close())
afterAll(() => command.remove())

/** This machine's cloud-init takes 200 ms to say its version, and a machine may have none. */
const NO_PROGRAMS = { PATH: '/nonexistent' }

const doctor = (args: readonly string[] = [], url = servers.url): Promise<Run> =>
  command.run(['doctor', url, '--role', ROLE, '--metadata-url', servers.metadataUrl, ...args], {
    env: NO_PROGRAMS,
  })

/** The names of the lines that begin with a state. */
const named = ({ stdout }: Run, state: string): string[] =>
  NAMES.filter((name) => stdout.split('\n').some((line) => line.startsWith(`${state}  ${name} `)))

/** The whole of a check, its lines joined. */
const lineOf = ({ stdout }: Run, name: string): string => {
  const lines = stdout.split('\n')
  const at = lines.findIndex((line) => line.slice(6).startsWith(`${name} `))
  const rest = lines.slice(at + 1)
  const end = rest.findIndex((line) => !line.startsWith(' '))
  return [lines[at] ?? '', ...rest.slice(0, end).map((line) => line.trim())].join(' ')
}

/** Checks that one line fails, and nothing else; what it stands in the way of is not tried. */
const expectOneFailure = (run: Run, name: string, skipped: readonly string[] = []): string => {
  expect(named(run, 'FAIL')).toEqual([name])
  expect(named(run, '-   ')).toEqual(skipped)
  expect(named(run, 'ok  ')).toEqual(NAMES.filter((it) => it !== name && !skipped.includes(it)))
  expect(run.status).toBe(1)
  for (const line of run.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  expect(lineOf(run, name)).toContain(' next: ')
  return lineOf(run, name)
}

const json = (body: string): Response =>
  new Response(body, { headers: { 'Content-Type': 'application/json' } })

/** Answers a path in place of the service. */
const instead = (path: string, answer: () => Response): void => {
  servers.intercept = (request) => (new URL(request.url).pathname === path ? answer() : undefined)
}

describe('rollcall doctor, with everything in order', () => {
  it('has a line for each thing, in order, and does not enroll', async () => {
    servers = await startClientServers({ emulator: { hardenedOnly: true } })
    const run = await doctor()
    expect(run).toMatchObject({ status: 0, stderr: '' })
    const heads = run.stdout.split('\n').map((line) => line.slice(6, 22).trim())
    expect(heads.filter((head) => head !== '')).toEqual(NAMES)
    expect(named(run, '-   ')).toEqual(['enrollment'])
    expect(lineOf(run, 'enrollment')).toMatch(
      /not tried: it would count .* Only a real enrollment shows a ban, an earlier enrollment or another key; to try it, add --enroll$/,
    )
    expect(lineOf(run, 'role')).toContain(`role ${ROLE} admits this instance`)
    expect(lineOf(run, 'document')).toContain(servers.emulator.instances[0]?.instanceId as string)
    expect(lineOf(run, 'hardened mode')).toContain('requests without a token are refused')
    // Of the role's trial: for an audience that no role has, refused.
    const [trial, ...more] = servers.bodiesOf('POST /v1/enroll')
    expect(more).toEqual([])
    expect(new URLSearchParams(trial).get('resource')).toMatch(/^urn:rollcall:trial:/)
    const enrolled = servers.events.filter(({ event }) => event === 'enroll')
    expect(enrolled).toMatchObject([{ outcome: 'refused', reason: 'resource_not_allowed' }])
  })

  it('takes no enrollment away under a role that allows one', async () => {
    servers = await startClientServers({ role: { reenrollment: 'never' } })
    expect((await doctor()).status).toBe(0)
    const run = await doctor(['--enroll'])
    expect(run.status).toBe(0)
    expect(lineOf(run, 'enrollment')).toContain('which cannot be renewed')
  })

  it('says what it can not see of an audience', async () => {
    servers = await startClientServers()
    const run = await doctor(['--resource', 'https://x.example'])
    expect(lineOf(run, 'enrollment')).toContain('and whether the role has https://x.example')
  })

  it('asks for the role that the variable of enroll names', async () => {
    servers = await startClientServers()
    const args = ['doctor', servers.url, '--metadata-url', servers.metadataUrl]
    const run = await command.run(args, { env: { ROLLCALL_ROLE: ROLE } })
    expect(lineOf(run, 'challenge')).toContain(`role ${ROLE}`)
  })

  it('enrolls with --enroll, and drops the token', async () => {
    servers = await startClientServers({ role: { reenrollment: 'never' } })
    const run = await doctor(['--enroll'])
    expect(run.status).toBe(0)
    expect(named(run, 'ok  ')).toEqual(NAMES)
    expect(lineOf(run, 'enrollment')).toContain(`role ${ROLE}, Bearer for 300 s`)
    expect(run.stdout).not.toMatch(/ey[A-Za-z0-9_-]+\./)
    // It counted: under "never" there is no other.
    expectOneFailure(await doctor(['--enroll']), 'enrollment')
  })

  it('enrolls with a key where the role wants one', async () => {
    servers = await startClientServers({ role: { reenrollment: 'same_key', binding: 'dpop' } })
    const run = await doctor(['--enroll', '--dpop-key', 'node.json'])
    expect(named(run, 'ok  ')).toEqual(NAMES)
    expect(lineOf(run, 'enrollment')).toContain('DPoP for 300 s')
    expect(existsSync(join(command.folder, 'node.json'))).toBe(true)
    const run2 = await doctor(['--enroll'])
    expect(expectOneFailure(run2, 'role', ['enrollment'])).toMatch(
      /needs a key, and none was shown next: run doctor with --dpop-key FILE, the key of this instance; if it has no key yet, rollcall enroll --dpop-key FILE makes one$/,
    )
    const run3 = await doctor(['--dpop-key', 'node.json'])
    expect(lineOf(run3, 'role')).toContain('admits this instance')
  })

  it('prints one JSON document with --json', async () => {
    servers = await startClientServers()
    const run = await doctor(['--json'])
    const printed = JSON.parse(run.stdout) as { checks: { name: string; state: string }[] }
    expect(printed).toMatchObject({ url: servers.url, ok: true })
    expect(printed.checks.map(({ name }) => name)).toEqual(NAMES)
    expect(printed.checks.at(-1)).toMatchObject({ state: 'skipped' })
  })
})

describe('rollcall doctor, with one thing broken', () => {
  it('finds the metadata service absent', async () => {
    servers = await startClientServers()
    const url = `http://127.0.0.1:${await reservePort()}`
    const line = expectOneFailure(
      await doctor(['--metadata-url', url, '--enroll']),
      'metadata service',
      ['hardened mode', 'document', 'signature', 'role', 'enrollment'],
    )
    expect(line).toMatch(/ECONNREFUSED.* next: is this an ECS instance in a VPC\?/)
    expect(line).toContain('run this on the instance itself')
  })

  it('finds hardened mode missing, unless normal mode will do', async () => {
    servers = await startClientServers({ emulator: { faults: ['not-found:api/token'] } })
    const line = expectOneFailure(await doctor(['--enroll']), 'hardened mode')
    expect(line).toMatch(/next: switch it on .*HttpTokens.*--metadata-mode auto/)
    const run = await doctor(['--enroll', '--metadata-mode', 'auto'])
    expect(named(run, 'ok  ')).toEqual(NAMES)
    expect(lineOf(run, 'hardened mode')).toContain('normal mode is used')
  })

  it('says that plain requests are answered too, and what to check before they are refused', async () => {
    servers = await startClientServers()
    const args = ['doctor', servers.url, '--role', ROLE, '--metadata-url', servers.metadataUrl]
    const run = await command.run(args, { env: { PATH: '/nowhere' } })
    expect(run.status).toBe(0)
    expect(lineOf(run, 'hardened mode')).toMatch(
      /answered too; before you set HttpTokens=required, .*cloud-init 23\.2\.2 or newer.*ImdsSupport=v2/,
    )
  })

  it('finds the document missing', async () => {
    const faults = ['not-found:dynamic/instance-identity/document']
    servers = await startClientServers({ emulator: { faults } })
    const line = expectOneFailure(await doctor(['--enroll']), 'document', ['role', 'enrollment'])
    expect(line).toMatch(/document is not set \(status 404\) next: .*rollcall metadata list/)
  })

  it('finds the signature missing', async () => {
    const faults = ['not-found:dynamic/instance-identity/pkcs7']
    servers = await startClientServers({ emulator: { faults } })
    const line = expectOneFailure(await doctor(['--enroll']), 'signature', ['role', 'enrollment'])
    expect(line).toMatch(/pkcs7 is not set/)
  })

  it.each([
    ['ahead of', -600],
    ['behind', 600],
  ])('finds the clock wrong, 600 s %s the service’s', async (direction, seconds) => {
    servers = await startClientServers()
    servers.intercept = async (request, pass) => {
      const { status, headers, body } = await pass(request)
      const changed = new Headers(headers)
      changed.set('Date', new Date(Date.now() + seconds * 1000).toUTCString())
      return new Response(body, { status, headers: changed })
    }
    const line = expectOneFailure(await doctor(['--enroll']), 'clock')
    expect(line).toMatch(new RegExp(`(?:599|600|601) s ${direction} the service's`))
    expect(line).toMatch(
      /next: set this machine's clock by NTP \(rollcall metadata get ntp-conf\/ntp-servers names/,
    )
  })

  it('finds the service stopped', async () => {
    servers = await startClientServers()
    const url = `http://127.0.0.1:${await reservePort()}`
    const rest = ['ledger', 'discovery', 'keys', 'challenge', 'signature', 'role', 'enrollment']
    const line = expectOneFailure(await doctor(['--enroll'], url), 'service', rest)
    expect(line).toMatch(/refused \(ECONNREFUSED\)\s+next: is it running, and on this port\?/)
  })

  it('finds the ledger of the service down', async () => {
    servers = await startClientServers()
    instead('/readyz', () => Response.json({ status: 'unavailable' }, { status: 503 }))
    const line = expectOneFailure(await doctor(['--enroll']), 'ledger')
    expect(line).toMatch(
      /the ledger does not answer, so nobody can enroll next: the operator finds the cause in the log of the service/,
    )
  })

  it('does not try the ledger of an older service, which has no /readyz', async () => {
    servers = await startClientServers()
    instead('/readyz', () => problem('not_found'))
    const run = await doctor(['--enroll'])
    expect(run.status).toBe(0)
    expect(named(run, '-   ')).toEqual(['ledger'])
    expect(lineOf(run, 'ledger')).toContain('not tried: this service is older and has no /readyz')
  })

  it.each([
    ['no JSON', '<html>', 'not a discovery document'],
    ['another issuer', undefined, 'it names https://other.example, not'],
    ['other keys', undefined, 'it names keys at another address'],
  ])('finds the discovery document broken: %s', async (what, body, message) => {
    servers = await startClientServers()
    servers.intercept = async (request, pass) => {
      if (!request.url.endsWith('openid-configuration')) return undefined
      if (body !== undefined) return json(body)
      const good = (await (await pass(request)).json()) as object
      return Response.json({
        ...good,
        ...(what === 'another issuer'
          ? { issuer: 'https://other.example' }
          : { jwks_uri: 'https://other.example/keys' }),
      })
    }
    const line = expectOneFailure(await doctor(['--enroll']), 'discovery')
    expect(line).toContain(message)
  })

  it.each([
    ['no JSON', () => '<html>', 'not a JWKS'],
    ['no keys', () => '{"keys":[]}', 'not a JWKS with at least one key'],
    ['a symmetric key', () => '{"keys":[{"kty":"oct","k":"AAAA"}]}', 'is a private key'],
    [
      'a private key',
      async () => JSON.stringify(await generateSigningKeys('ES256')),
      'is a private key, and it is published',
    ],
    ['a weak key', () => '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}', 'keys.0'],
  ])('finds the published keys broken: %s', async (_, make, message) => {
    servers = await startClientServers()
    const body = await make()
    instead('/.well-known/jwks.json', () => json(body))
    // With no keys to check the token with, the enrollment itself is as good as it was.
    const line = expectOneFailure(await doctor(['--enroll']), 'keys')
    expect(line).toContain(message)
  })

  it('finds that the keys are not those that sign', async () => {
    servers = await startClientServers()
    const [key] = (await generateSigningKeys('ES256')).keys
    const { d: _, ...published } = key as { d?: string }
    instead('/.well-known/jwks.json', () => Response.json({ keys: [published] }))
    const line = expectOneFailure(await doctor(['--enroll']), 'enrollment')
    expect(line).toMatch(/does not verify under the keys.*next: .*ROLLCALL_SIGNING_KEYS/)
  })

  it('finds challenges refused', async () => {
    servers = await startClientServers()
    instead('/v1/challenge', () => problem('rate_limited', { requestId: 'r-9' }))
    const line = expectOneFailure(await doctor(['--enroll']), 'challenge', [
      'signature',
      'role',
      'enrollment',
    ])
    expect(line).toMatch(/429, request r-9: Too many requests.*next: try again later/)
  })

  it('finds a challenge that is another service’s, and asks for no signature', async () => {
    const other = await startClientServers()
    servers = await startClientServers()
    servers.intercept = (request) =>
      request.url.endsWith('/v1/challenge')
        ? fetch(`${other.url}/v1/challenge`, { method: 'POST', body: new URLSearchParams() })
        : undefined
    const run = await doctor(['--enroll'])
    await other.close()
    const line = expectOneFailure(run, 'challenge', ['signature', 'role', 'enrollment'])
    expect(line).toContain('do not enroll there')
    expect(servers.asked.filter((path) => path.includes('pkcs7'))).toEqual([])
  })

  it('finds a policy that refuses', async () => {
    servers = await startClientServers({ role: { match: { owner_account_id: ['1'] } } })
    const line = expectOneFailure(await doctor(['--enroll']), 'role', ['enrollment'])
    expect(line).toMatch(/403, request .*: this instance is not admitted next: .*no role names/)
  })

  it('finds that the role does not match, and says what to compare', async () => {
    servers = await startClientServers({ match: { region_id: ['cn-other'] } })
    const line = expectOneFailure(await doctor(['--enroll']), 'role', ['enrollment'])
    expect(line).toMatch(/403 \(no_role_matches\).*next: .*rollcall policy check FILE --document -/)
  })

  it('finds that the service trusts another cloud', async () => {
    servers = await startClientServers({ emulator: { faults: ['wrong-key'] } })
    const line = expectOneFailure(await doctor(['--enroll']), 'role', ['enrollment'])
    expect(line).toMatch(/401.*next: .*ROLLCALL_TRUST_ANCHORS/)
  })

  it('finds a ledger that is down', async () => {
    servers = await startClientServers()
    let calls = 0
    servers.intercept = (request) =>
      isEnroll(request) && ++calls > 1 ? problem('unavailable') : undefined
    const line = expectOneFailure(await doctor(['--enroll']), 'enrollment')
    expect(line).toContain('next: try again later; its log names the cause')
  })

  it('finds a role that does not exist, and enrolls nobody', async () => {
    servers = await startClientServers()
    const args = ['doctor', servers.url, '--metadata-url', servers.metadataUrl, '--role', 'workr']
    const run = await command.run(args)
    const line = expectOneFailure(run, 'role', ['enrollment'])
    expect(line).toMatch(
      /no role of the policy matches this instance next: Check the name of the role/,
    )
    expect(
      servers.events.filter(({ outcome, event }) => event === 'enroll' && outcome === 'issued'),
    ).toEqual([])
  })

  it('finds a service that gives a token for any audience', async () => {
    servers = await startClientServers()
    servers.intercept = async (request, pass) => {
      if (!isEnroll(request)) return undefined
      const body = new URLSearchParams(await request.clone().text())
      body.delete('resource')
      return pass(new Request(request.url, { method: 'POST', body }))
    }
    expect(expectOneFailure(await doctor(), 'role', ['enrollment'])).toContain(
      'do not use this service',
    )
  })

  it('finds the key of another instance, and changes no file', async () => {
    servers = await startClientServers({ role: { reenrollment: 'same_key' } })
    const { keys } = await generateSigningKeys('ES256')
    const mark = { instance_id: 'i-bp1other', serial_number: '0-0' }
    const text = JSON.stringify({ keys: keys.map((key) => ({ ...key, ...mark })) })
    writeFileSync(join(command.folder, 'copied.json'), text, { mode: 0o600 })
    for (const args of [[], ['--enroll']]) {
      const run = await doctor([...args, '--dpop-key', 'copied.json'])
      const line = expectOneFailure(run, 'key', ['role', 'enrollment'])
      expect(line).toMatch(/made for instance i-bp1other, and this is .* next: Delete the key/)
    }
    expect(readFileSync(join(command.folder, 'copied.json'), 'utf8')).toBe(text)
  })

  it('makes no key without --enroll', async () => {
    servers = await startClientServers()
    const run = await doctor(['--dpop-key', 'later.json'])
    expect(run.stderr).toContain('later.json is not there yet: rollcall enroll makes it')
    expect(existsSync(join(command.folder, 'later.json'))).toBe(false)
  })

  it('compares the clock with the metadata service where the service gives no answer', async () => {
    servers = await startClientServers()
    const url = `http://127.0.0.1:${await reservePort()}`
    const run = await command.run(
      ['doctor', url, '--role', ROLE, '--metadata-url', servers.metadataUrl],
      { timing: { ...SYSTEM_TIMING, now: () => 31_536_000 } },
    )
    expect(named(run, 'FAIL')).toEqual(['clock', 'service'])
    expect(lineOf(run, 'clock')).toMatch(
      /this machine's is \d\d years behind the metadata service's next: set this machine's clock by NTP/,
    )
  })

  it.each([
    ['22.4.2', /keep that: with HttpTokens=required cloud-init 22\.4\.2 finds no user data/],
    [
      '24.1.3-0ubuntu3',
      /HttpTokens=required stops that; cloud-init 24\.1\.3 supports it, .*ImdsSupport=v2/,
    ],
  ])('looks at cloud-init %s before it advises anything', async (version, advice) => {
    servers = await startClientServers()
    const bin = mkdtempSync(join(command.folder, 'bin-'))
    // Its older versions write to standard error.
    writeFileSync(
      join(bin, 'cloud-init'),
      `#!/bin/sh\necho "/usr/bin/cloud-init ${version}" >&2\n`,
      {
        mode: 0o755,
      },
    )
    const args = ['doctor', servers.url, '--role', ROLE, '--metadata-url', servers.metadataUrl]
    const run = await command.run(args, { env: { PATH: `${bin}:/usr/bin:/bin` } })
    expect(lineOf(run, 'hardened mode')).toMatch(advice)
  })
})

describe('rollcall doctor, used wrongly', () => {
  it.each([
    [['https://rollcall.example', '--metadata-mode', 'x'], 'expected hardened or auto'],
    [['rollcall.example'], 'URL: is not an http or https URL; write https://HOST'],
    [[], 'missing required argument'],
  ])('refuses %j with exit status 2', async (args, message) => {
    const { status, stdout, stderr } = await command.run(['doctor', ...args])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })
})
