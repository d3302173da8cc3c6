// `rollcall kubernetes credential`: what it prints, when it enrolls and when it only exchanges, what it keeps, and how
// it ends.

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { oauthErrorResponse } from '../../../../src/http/oauth-error.ts'
import {
  type ClientServers,
  startClientServers,
  unavailable,
} from '../../../support/client-servers.ts'
import { type Run, type RunOptions, createCommand } from '../../../support/command.ts'
import { problem } from '../../../support/problem.ts'
import { CLUSTER, ROLE, claimsOf } from '../../../support/test-enroller.ts'

const APP = 'https://app.example'
const BOUND_APP = 'https://bound.example'
const V1 = 'client.authentication.k8s.io/v1'

const EXCHANGE = [
  { audience: APP, binding: 'none', lifetime_seconds: 120 },
  { audience: BOUND_APP, binding: 'dpop' },
]
const KEYED = { reenrollment: 'same_key', exchange: EXCHANGE }

const command = createCommand(() => {
  const key = file('key.json')
  if (!existsSync(key)) return []
  const { keys } = JSON.parse(readFileSync(key, 'utf8')) as { keys: { d: string }[] }
  return keys.map(({ d }) => d)
})
let servers: ClientServers
let looked = 0
afterEach(async () => {
  await servers?.close()
  looked = 0
  for (const name of readdirSync(command.folder)) rmSync(file(name), { recursive: true })
})
afterAll(() => command.remove())

const file = (...names: string[]): string => join(command.folder, ...names)

const credential = (args: readonly string[] = [], options: RunOptions = {}): Promise<Run> => {
  const common = ['--role', ROLE, '--metadata-url', servers.metadataUrl]
  return command.run(['kubernetes', 'credential', servers.url, ...common, ...args], {
    timing: servers.timing,
    ...options,
  })
}

const bound = (args: readonly string[] = [], options: RunOptions = {}): Promise<Run> =>
  credential(['--resource', APP, '--dpop-key', 'key.json', ...args], options)

interface Credential {
  readonly apiVersion: string
  readonly kind: string
  readonly status: { readonly token: string; readonly expirationTimestamp: string }
}

const read = ({ status, stdout, stderr }: Run): Credential => {
  expect(status, stderr).toBe(0)
  expect(stdout).toMatch(/^\{.*\}\n$/)
  return JSON.parse(stdout) as Credential
}

/** What the service was asked since the last look. */
const asked = (): string[] => {
  const paths = servers.requests.slice(looked).map(({ path }) => path.replace(/^POST \/v1\//, ''))
  looked = servers.requests.length
  return paths
}

const kept = (): { path: string; members: Record<string, unknown> } => {
  const [name = ''] = readdirSync(file('key.json.tokens'))
  const path = file('key.json.tokens', name)
  return { path, members: JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown> }
}

const oauth = (error: 'invalid_grant' | 'invalid_target'): Response =>
  oauthErrorResponse({ error, requestId: 'r-1', issuer: servers.url })

describe('rollcall kubernetes credential', () => {
  it('prints an ExecCredential of one audience and nothing else, and keeps nothing', async () => {
    servers = await startClientServers()
    const run = await credential(['--resource', CLUSTER])
    const { status, ...head } = read(run)
    expect(run.stderr).toBe('')
    expect(head).toEqual({ apiVersion: V1, kind: 'ExecCredential' })
    expect(Object.keys(status)).toEqual(['token', 'expirationTimestamp'])
    const { aud, exp, cnf } = claimsOf(status.token)
    expect({ aud, cnf }).toEqual({ aud: [CLUSTER], cnf: undefined })
    expect(Date.parse(status.expirationTimestamp) / 1000).toBe(Number(exp) - 30)
    expect(status.expirationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(readdirSync(command.folder)).toEqual([])
    expect(asked()).toEqual(['challenge', 'enroll'])
  })

  it('enrolls once with a key, and then only exchanges', async () => {
    servers = await startClientServers({ role: KEYED, lifetimeSeconds: 600 })
    const first = read(await bound())
    expect(asked()).toEqual(['challenge', 'enroll', 'token'])
    expect(claimsOf(first.status.token)).toMatchObject({ aud: [APP], role: ROLE })
    expect(claimsOf(first.status.token)).not.toHaveProperty('cnf')
    const run = await bound()
    const second = read(run)
    expect(run.stderr).toBe('')
    expect(asked()).toEqual(['token'])
    expect(second.status.token).not.toBe(first.status.token)
    expect(claimsOf(second.status.token)['enrollment_jti']).toBe(
      claimsOf(first.status.token)['enrollment_jti'],
    )
  })

  it('keeps the bound token for its owner alone, and never the exchanged one', async () => {
    servers = await startClientServers({ role: KEYED })
    const { status } = read(await bound())
    expect(readdirSync(command.folder).toSorted()).toEqual(['key.json', 'key.json.tokens'])
    expect(statSync(file('key.json.tokens')).mode & 0o777).toBe(0o700)
    const { path, members } = kept()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(file('key.json.tokens'))).toEqual([
      expect.stringMatching(/^[0-9a-f]{32}\.json$/),
    ])
    expect(members).toMatchObject({ issuer: servers.url, role: ROLE, renewable: true })
    expect(claimsOf(String(members['access_token']))['cnf']).toBeDefined()
    expect(JSON.stringify(members)).not.toContain(status.token)
  })

  it('warns of a kept token that others can read, and of its folder if they can replace it', async () => {
    servers = await startClientServers({ role: KEYED })
    expect((await bound()).stderr).not.toContain('warning')
    const { path } = kept()
    const folder = file('key.json.tokens')
    const ofFile = `rollcall: warning: other users can read or change ${path}; run chmod 600 ${path}\n`
    const ofFolder = `rollcall: warning: other users can replace files in ${folder}; run chmod go-w ${folder}\n`
    for (const [folderMode, fileMode, said] of [
      [0o755, 0o600, ''],
      [0o1777, 0o600, ''],
      [0o770, 0o600, ofFolder],
      [0o702, 0o600, ofFolder],
      [0o700, 0o640, ofFile],
      [0o777, 0o604, ofFolder + ofFile],
    ] as const) {
      chmodSync(folder, folderMode)
      chmodSync(path, fileMode)
      const run = await bound()
      read(run)
      expect(run.stderr).toBe(said)
    }
  })

  it('enrolls again before the bound token expires, so that the new one has its whole life', async () => {
    servers = await startClientServers({ role: KEYED, lifetimeSeconds: 600 })
    await bound()
    asked()
    await servers.timing.wait(470)
    const { status } = read(await bound())
    expect(asked()).toEqual(['token'])
    expect(Number(claimsOf(status.token)['exp']) - Number(claimsOf(status.token)['iat'])).toBe(120)
    await servers.timing.wait(20)
    read(await bound())
    expect(asked()).toEqual(['challenge', 'enroll', 'token'])
  })

  it('uses the one token of a role that allows one enrollment to its end', async () => {
    const role = { ...KEYED, reenrollment: 'never', binding: 'dpop' }
    servers = await startClientServers({ role, lifetimeSeconds: 300 })
    read(await bound())
    expect(kept().members).toMatchObject({ renewable: false })
    await servers.timing.wait(280)
    asked()
    const { status } = read(await bound())
    expect(asked()).toEqual(['token'])
    const { iat, exp } = claimsOf(status.token)
    expect(Number(exp) - Number(iat)).toBeLessThanOrEqual(20)
    await servers.timing.wait(60)
    const run = await bound()
    expect(run).toMatchObject({ status: 4, stdout: '' })
    expect(run.stderr).toContain('this instance has enrolled before')
  })

  it('enrolls once if several processes begin at the same time, also under "never"', async () => {
    const role = { ...KEYED, reenrollment: 'never', binding: 'dpop' }
    servers = await startClientServers({ role })
    const runs = await Promise.all([bound(), bound(), bound()])
    const parents = runs.map((run) => claimsOf(read(run).status.token)['enrollment_jti'])
    expect(new Set(parents).size).toBe(1)
    expect(asked().filter((path) => path === 'enroll')).toHaveLength(1)
    expect(runs.map(({ stderr }) => stderr).join('')).toContain('another process enrolls')
    expect(readdirSync(file('key.json.tokens'))).toHaveLength(1)
  })

  it('uses the token of another process if its own enrollment is refused', async () => {
    const role = { ...KEYED, reenrollment: 'never', binding: 'dpop' }
    servers = await startClientServers({ role })
    read(await bound())
    const { path } = kept()
    const text = readFileSync(path, 'utf8')
    rmSync(path)
    servers.intercept = (request) => {
      // The other process, which had no lock, is faster.
      if (request.url.endsWith('/v1/enroll')) writeFileSync(path, text)
      return undefined
    }
    read(await bound())
  })

  it('enrolls once more if the service refuses the kept token', async () => {
    servers = await startClientServers({ role: KEYED })
    await bound()
    asked()
    let refusals = 1
    servers.intercept = ({ url }) =>
      url.endsWith('/v1/token') && refusals-- > 0 ? oauth('invalid_grant') : undefined
    const run = await bound()
    read(run)
    expect(run.stderr).toBe('rollcall: the service refused the kept token; enrolling again\n')
    expect(asked()).toEqual(['token', 'challenge', 'enroll', 'token'])
    refusals = 5
    const refused = await bound()
    expect(refused).toMatchObject({ status: 4, stdout: '' })
    expect(asked()).toEqual(['token', 'challenge', 'enroll', 'token'])
  })

  it('says which role would work if a token that was just issued is refused', async () => {
    servers = await startClientServers({ role: { reenrollment: 'always' } })
    const said = [
      'This role has unbound tokens or no exchange for "https://app.example": leave out --dpop-key, ' +
        'or give the role "exchange". If the policy is right, ask the operator of the service for the ' +
        'reason in the audit event of this request',
      '',
    ].join('\n')
    const first = await bound()
    expect(first).toMatchObject({ status: 4, stdout: '' })
    expect(first.stderr).toMatch(
      /\(invalid_grant\), request [^:]+: The subject token was refused\n/,
    )
    expect(first.stderr.endsWith(said), first.stderr).toBe(true)
    expect(first.stderr).not.toMatch(/enroll again/i)
    expect(asked()).toEqual(['challenge', 'enroll', 'token'])
    // The token of the first run was kept: it is tried, and then a new one.
    const second = await bound()
    expect(second).toMatchObject({ status: 4, stdout: '' })
    expect(second.stderr.endsWith(said), second.stderr).toBe(true)
    expect(asked()).toEqual(['token', 'challenge', 'enroll', 'token'])
  })

  it('does not enroll again for an audience that the role does not have', async () => {
    servers = await startClientServers({ role: KEYED })
    await bound()
    asked()
    const run = await bound(['--resource', 'https://no.example'])
    expect(run).toMatchObject({ status: 4, stdout: '' })
    expect(run.stderr).toContain('The policy must list it in "exchange" of the role')
    expect(asked()).toEqual(['token'])
  })

  it('refuses a bound token, which an API server would take from a thief too', async () => {
    servers = await startClientServers({ role: KEYED })
    const run = await bound(['--resource', BOUND_APP])
    expect(run).toMatchObject({ status: 4, stdout: '' })
    expect(run.stderr).toContain('Set "binding": "none" in this "exchange" of the role')
  })

  it('keeps the token in the file of --cache, and one for each purpose', async () => {
    servers = await startClientServers({ role: KEYED })
    const cache = ['--cache', 'tokens/bound.json']
    read(await bound(cache))
    expect(statSync(file('tokens/bound.json')).mode & 0o777).toBe(0o600)
    expect(existsSync(file('key.json.tokens'))).toBe(false)
    asked()
    read(await bound(cache))
    expect(asked()).toEqual(['token'])
    read(await bound([...cache, '--role', '']))
    expect(asked()).toEqual(['challenge', 'enroll', 'token'])
    read(await bound(['--role', '']))
    read(await bound())
    expect(readdirSync(file('key.json.tokens'))).toHaveLength(2)
  })

  it('never replaces a file of --cache that it has not written, and gives no advice about it', async () => {
    servers = await startClientServers({ role: KEYED })
    const other = '--cache: PATH holds something other than a kept token; name another file'
    const device = '--cache: PATH is a folder, a device or a pipe; name a file for the token'
    for (const text of ['a note', '{"access_token":"secret"}', 'x'.repeat(70_000)]) {
      writeFileSync(file('other.txt'), text, { mode: 0o644 })
      const run = await bound(['--cache', 'other.txt'])
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toContain(other.replace('PATH', file('other.txt')))
      expect(run.stderr).not.toContain('chmod')
      expect(readFileSync(file('other.txt'), 'utf8')).toBe(text)
    }
    execFileSync('mkfifo', [file('pipe')])
    for (const path of [command.folder, '/dev/null', '/dev/zero', file('pipe')]) {
      const run = await bound(['--cache', path])
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toContain(device.replace('PATH', path))
    }
    const key = await bound(['--cache', 'key.json'])
    expect(key).toMatchObject({ status: 2 })
    expect(JSON.parse(readFileSync(file('key.json'), 'utf8'))).toHaveProperty('keys')
    expect(asked()).toEqual([])
  })

  it('replaces a broken file of its own, and in its own folder whatever has the name', async () => {
    servers = await startClientServers({ role: KEYED })
    await bound()
    const { path } = kept()
    const enrolled = ['challenge', 'enroll', 'token']
    const broken = [
      () => writeFileSync(path, ''),
      () => writeFileSync(path, '{'),
      () => writeFileSync(path, 'null'),
      () => writeFileSync(path, 'x'.repeat(70_000)),
      () => execFileSync('mkfifo', [path]),
      () => symlinkSync('/dev/zero', path),
      () => symlinkSync(path, path),
    ]
    for (const make of broken) {
      rmSync(path)
      make()
      asked()
      const run = await bound()
      read(run)
      expect({ stderr: run.stderr, asked: asked() }).toEqual({ stderr: '', asked: enrolled })
      expect(kept().members).toMatchObject({ issuer: servers.url })
    }
    // A file that was cut off, and the file of a later version.
    for (const text of [
      '{"kept_token":1,',
      '{"kept_token":2,"sealed":"abc"}',
      '{"kept_',
      '\n',
      '\0'.repeat(500),
      `{"kept_token":1,${'\0'.repeat(500)}`,
    ]) {
      writeFileSync(file('cut.json'), text, { mode: 0o600 })
      read(await bound(['--cache', 'cut.json']))
      expect(asked()).toEqual(enrolled)
      read(await bound(['--cache', 'cut.json']))
      expect(asked()).toEqual(['token'])
    }
  })

  it('reads no folder, device or pipe as the key', async () => {
    servers = await startClientServers({ role: KEYED })
    execFileSync('mkfifo', [file('pipe')])
    for (const path of [command.folder, '/dev/zero', file('pipe')]) {
      const run = await credential(['--resource', APP, '--dpop-key', path])
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toContain(`--dpop-key: ${path} is a folder, a device or a pipe`)
    }
    expect(asked()).toEqual([])
  })

  it('leaves a file that somebody puts in the place of --cache during the enrollment', async () => {
    servers = await startClientServers({ role: KEYED })
    servers.intercept = ({ url }) => {
      if (url.endsWith('/v1/enroll')) writeFileSync(file('other.txt'), 'a note')
      return undefined
    }
    const run = await bound(['--cache', 'other.txt'])
    read(run)
    expect(run.stderr).toContain('warning: cannot keep the token in ')
    expect(run.stderr).toContain('holds something other than a kept token')
    expect(readFileSync(file('other.txt'), 'utf8')).toBe('a note')
  })

  it.each<readonly [string, (members: Record<string, unknown>) => Record<string, unknown>]>([
    ['of another issuer', (it) => ({ ...it, issuer: 'https://other.example' })],
    ['of another role', (it) => ({ ...it, role: 'other' })],
    ['with a token that is no token', (it) => ({ ...it, access_token: 'abc' })],
    ['without a time', (it) => ({ ...it, asked_at: undefined })],
    ['with an unbound token', (it) => ({ ...it, access_token: 'e30.e30.AA' })],
  ])('enrolls again in place of a file %s', async (_, change) => {
    servers = await startClientServers({ role: KEYED })
    await bound()
    asked()
    const { path, members } = kept()
    writeFileSync(path, JSON.stringify(change(members)))
    read(await bound())
    expect(asked()).toEqual(['challenge', 'enroll', 'token'])
    expect(kept().members).toMatchObject({ issuer: servers.url, role: ROLE })
  })

  it('gives a credential also where the token cannot be kept, and says so', async () => {
    servers = await startClientServers({ role: KEYED })
    mkdirSync(file('key.json.tokens'))
    rmSync(file('key.json.tokens'), { recursive: true })
    writeFileSync(file('key.json.tokens'), 'a file in place of the folder')
    const run = await bound()
    read(run)
    expect(run.stderr).toContain('warning: cannot keep the token in ')
    expect(run.stderr).toContain('the next run enrolls again')
  })

  it('works with a clock that is wrong, and says that it ends before it begins', async () => {
    servers = await startClientServers({ role: KEYED })
    const { timing } = servers
    const late = { ...timing, now: () => timing.now() + 3e7 }
    await bound([], { timing: late })
    asked()
    const run = await bound([], { timing: late })
    read(run)
    expect(run.stderr).toContain('correct the clock, or this command runs for each request')
    expect(asked()).toEqual(['token'])
    // The clock is set right: the token is from the future.
    const after = await bound()
    read(after)
    expect(after.stderr).toBe('')
  })

  it.each<readonly [string, string, string]>([
    [
      'v1beta1',
      `{"kind":"ExecCredential","apiVersion":"${V1}beta1","spec":{}}`,
      `write apiVersion: ${V1} in its exec`,
    ],
    ['another kind', `{"kind":"Config","apiVersion":"v1"}`, 'expected an ExecCredential in JSON'],
    ['no JSON', 'yes', 'expected an ExecCredential in JSON'],
  ])('says what to do about a caller with %s', async (_, info, said) => {
    servers = await startClientServers()
    const env = { KUBERNETES_EXEC_INFO: info }
    const run = await credential(['--resource', CLUSTER], { env })
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(said)
    expect(asked()).toEqual([])
  })

  it('takes what kubectl says of itself, and the options from the environment', async () => {
    servers = await startClientServers()
    const env = {
      KUBERNETES_EXEC_INFO: `{"kind":"ExecCredential","apiVersion":"${V1}","spec":{"interactive":false}}`,
      ROLLCALL_ROLE: ROLE,
      ROLLCALL_RESOURCE: CLUSTER,
      ROLLCALL_METADATA_URL: servers.metadataUrl,
    }
    const { timing } = servers
    read(await command.run(['kubernetes', 'credential', servers.url], { env, timing }))
  })

  it.each<readonly [string, readonly string[], string]>([
    ['no audience', [], '--resource is missing: give the audience of the cluster'],
    ['a file to keep nothing in', ['--resource', CLUSTER, '--cache', 'c'], 'only bound tokens'],
    ['a role out of pattern', ['--resource', CLUSTER, '--role', 'A'], '--role: expected a-z'],
  ])('asks the service for nothing with %s', async (_, args, said) => {
    servers = await startClientServers()
    const run = await credential(args)
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(said)
    expect(asked()).toEqual([])
  })

  it('names the folder that is missing for the key, and the command that makes it', async () => {
    const role = { reenrollment: 'always', binding: 'dpop', exchange: EXCHANGE } as const
    servers = await startClientServers({ role })
    for (const folder of ['kk', "it's/new"]) {
      const run = await bound(['--dpop-key', `${folder}/key.json`])
      expect(run).toMatchObject({ status: 2, stdout: '' })
      const [, said, made = ''] = /^(.*; make it: )(.*)\n$/.exec(run.stderr) ?? []
      expect(said).toBe(`rollcall: --dpop-key: the folder ${folder} does not exist; make it: `)
      expect(asked()).toEqual([])
      execFileSync('sh', ['-c', made], { cwd: command.folder })
      expect(statSync(file(folder)).mode & 0o777).toBe(0o700)
      read(await bound(['--dpop-key', `${folder}/key.json`]))
      asked()
    }
  })

  it.each<readonly [string, () => Response, number, string]>([
    ['is not available', unavailable, 5, 'is not available (the service answered 503'],
    ['does not admit the instance', () => problem('not_admitted'), 4, 'there is a ban'],
  ])('ends as enroll does if the service %s', async (_, answer, status, said) => {
    servers = await startClientServers({ role: KEYED })
    servers.intercept = answer
    const run = await bound(['--attempts', '2'])
    expect(run).toMatchObject({ status, stdout: '' })
    expect(run.stderr).toContain(said)
    expect(readdirSync(file('key.json.tokens'))).toEqual([])
  })

  it('ends with 3 without a metadata service', async () => {
    servers = await startClientServers()
    servers.interceptMetadata = () => new Response(null, { status: 404 })
    const run = await credential(['--resource', CLUSTER, '--attempts', '1'])
    expect(run).toMatchObject({ status: 3, stdout: '' })
  })
})
