// `rollcall doctor`: with everything in order, and with each thing broken alone, where exactly that line
// fails, with what to do about it.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
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
  'clock',
  'service',
  'ledger',
  'discovery',
  'keys',
  'challenge',
  'signature',
  'enrollment',
]

let command: RollcallCommand
let servers: ClientServers
beforeAll(async () => {
  command = createCommand()
})
afterEach(() => servers?.close())
afterAll(() => command.remove())

const doctor = (args: readonly string[] = [], url = servers.url): Promise<Run> =>
  command.run(['doctor', url, '--role', ROLE, '--metadata-url', servers.metadataUrl, ...args])

/** The names of the lines that begin with a state. */
const named = ({ stdout }: Run, state: string): string[] =>
  NAMES.filter((name) => stdout.split('\n').some((line) => line.startsWith(`${state}  ${name} `)))

const lineOf = ({ stdout }: Run, name: string): string =>
  stdout.split('\n').find((line) => line.slice(6).startsWith(name)) ?? ''

/** Checks that one line fails, and nothing else; what it stands in the way of is not tried. */
const expectOneFailure = (run: Run, name: string, skipped: readonly string[] = []): string => {
  expect(named(run, 'FAIL')).toEqual([name])
  expect(named(run, '-   ')).toEqual(skipped)
  expect(named(run, 'ok  ')).toEqual(NAMES.filter((it) => it !== name && !skipped.includes(it)))
  expect(run.status).toBe(1)
  expect(run.stdout.split('\n')).toHaveLength(NAMES.length + 1)
  expect(lineOf(run, name)).toContain('; next: ')
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
    expect(run.stdout.split('\n').map((line) => line.slice(6, 22).trim())).toEqual([...NAMES, ''])
    expect(named(run, '-   ')).toEqual(['enrollment'])
    expect(lineOf(run, 'enrollment')).toContain('--enroll does it')
    expect(lineOf(run, 'document')).toContain(servers.emulator.instances[0]?.instanceId as string)
    expect(lineOf(run, 'hardened mode')).toContain('requests without a token are refused')
    expect(servers.bodiesOf('POST /v1/enroll')).toEqual([])
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
    const without = expectOneFailure(await doctor(['--enroll']), 'enrollment')
    expect(without).toContain('--dpop-key')
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
      ['hardened mode', 'document', 'signature', 'enrollment'],
    )
    expect(line).toMatch(/ECONNREFUSED.*; next: is this an ECS instance in a VPC\?/)
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

  it('tells that plain requests are answered too, which is no failure', async () => {
    servers = await startClientServers()
    const run = await doctor()
    expect(run.status).toBe(0)
    expect(lineOf(run, 'hardened mode')).toContain('HttpTokens=required ends that')
  })

  it('finds the document missing', async () => {
    const faults = ['not-found:dynamic/instance-identity/document']
    servers = await startClientServers({ emulator: { faults } })
    const line = expectOneFailure(await doctor(['--enroll']), 'document', ['enrollment'])
    expect(line).toMatch(/document is not set \(status 404\); next: .*rollcall metadata list/)
  })

  it('finds the signature missing', async () => {
    const faults = ['not-found:dynamic/instance-identity/pkcs7']
    servers = await startClientServers({ emulator: { faults } })
    const line = expectOneFailure(await doctor(['--enroll']), 'signature', ['enrollment'])
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
    expect(line).toMatch(/next: set it by NTP \(`rollcall metadata get ntp-conf\/ntp-servers`/)
  })

  it('finds the service stopped', async () => {
    servers = await startClientServers()
    const url = `http://127.0.0.1:${await reservePort()}`
    const rest = ['clock', 'ledger', 'discovery', 'keys', 'challenge', 'signature', 'enrollment']
    const line = expectOneFailure(await doctor(['--enroll'], url), 'service', rest)
    expect(line).toMatch(/ECONNREFUSED.*next: is it running, and may this machine reach it/)
  })

  it('finds the ledger of the service down', async () => {
    servers = await startClientServers()
    instead('/readyz', () => Response.json({ status: 'unavailable' }, { status: 503 }))
    const line = expectOneFailure(await doctor(['--enroll']), 'ledger')
    expect(line).toMatch(
      /the ledger does not answer, so nobody can enroll; next: the log of the service names the cause; its operator/,
    )
  })

  it('does not try the ledger of an older service, which has no /readyz', async () => {
    servers = await startClientServers()
    instead('/readyz', () => problem('not_found'))
    const run = await doctor(['--enroll'])
    expect(run.status).toBe(0)
    expect(named(run, '-   ')).toEqual(['ledger'])
    expect(lineOf(run, 'ledger')).toContain('not tried: this service has no /readyz')
  })

  it.each([
    ['no JSON', '<html>', 'not a discovery document'],
    ['another issuer', undefined, 'it is of https://other.example, not of'],
    ['other keys', undefined, 'it leads to other keys'],
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
    ['a symmetric key', () => '{"keys":[{"kty":"oct","k":"AAAA"}]}', 'is private'],
    [
      'a private key',
      async () => JSON.stringify(await generateSigningKeys('ES256')),
      'is private, and everybody can read it',
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
    const line = expectOneFailure(run, 'challenge', ['signature', 'enrollment'])
    expect(line).toContain('do not enroll there')
    expect(servers.asked.filter((path) => path.includes('pkcs7'))).toEqual([])
  })

  it('finds a policy that refuses', async () => {
    servers = await startClientServers({ role: { match: { owner_account_id: ['1'] } } })
    const line = expectOneFailure(await doctor(['--enroll']), 'enrollment')
    expect(line).toMatch(/403, request .*: this instance is not admitted; next: .*no role names/)
  })

  it('finds that the role does not match, and says what to compare', async () => {
    servers = await startClientServers({ match: { region_id: ['cn-other'] } })
    const line = expectOneFailure(await doctor(['--enroll']), 'enrollment')
    expect(line).toMatch(/403 \(no_role_matches\).*next: .*rollcall policy check FILE --document -/)
  })

  it('finds that the service trusts another cloud', async () => {
    servers = await startClientServers({ emulator: { faults: ['wrong-key'] } })
    const line = expectOneFailure(await doctor(['--enroll']), 'enrollment')
    expect(line).toMatch(/401.*next: .*ROLLCALL_TRUST_ANCHORS/)
  })

  it('finds a ledger that is down', async () => {
    servers = await startClientServers()
    servers.intercept = (request) => (isEnroll(request) ? problem('unavailable') : undefined)
    const line = expectOneFailure(await doctor(['--enroll']), 'enrollment')
    expect(line).toContain('next: try again later; its log names the cause')
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
