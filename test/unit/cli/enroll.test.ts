// `rollcall enroll`: how it ends, and what it never does; the same as of bootstrap.sh.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { generateInstanceKey } from '../../support/instance-key.ts'
import { CLUSTER, ROLE, claimsOf } from '../../support/test-enroller.ts'
import { reservePort } from '../../support/ports.ts'
import {
  type ClientServers,
  isEnroll,
  startClientServers,
  unavailable,
} from '../../support/client-servers.ts'
import { problem } from '../../support/problem.ts'
import {
  type RollcallCommand,
  type Run,
  type RunOptions,
  createCommand,
} from '../../support/command.ts'

let command: RollcallCommand
let servers: ClientServers
beforeAll(async () => {
  command = createCommand()
})
afterEach(() => servers?.close())
afterAll(() => command.remove())

/** Enrolls with the servers's service and metadata service. */
const enroll = (args: readonly string[] = [], options?: RunOptions): Promise<Run> =>
  command.run(
    ['enroll', servers.url, '--role', ROLE, '--metadata-url', servers.metadataUrl, ...args],
    {
      timing: servers.timing,
      ...options,
    },
  )

const file = (name: string): string => join(command.folder, name)

describe('rollcall enroll', () => {
  it('prints the token and nothing else', async () => {
    servers = await startClientServers({ emulator: { hardenedOnly: true } })
    const { status, stdout, stderr } = await enroll()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(claimsOf(stdout)).toMatchObject({ iss: servers.url, role: ROLE, aud: [CLUSTER] })
    expect(stdout).not.toContain('\n')
  })

  it('takes everything from the environment, where empty is as good as unset', async () => {
    servers = await startClientServers()
    const env = {
      ROLLCALL_ROLE: ROLE,
      ROLLCALL_METADATA_URL: servers.metadataUrl,
      ROLLCALL_METADATA_MODE: '',
      ROLLCALL_ATTEMPTS: '',
      ROLLCALL_TOKEN_FILE: '',
    }
    const { status, stdout } = await command.run(['enroll', servers.url], { env })
    expect(status).toBe(0)
    expect(claimsOf(stdout)).toMatchObject({ role: ROLE })
  })

  it('gets a role without asking for one, and one audience of several', async () => {
    const audience = [CLUSTER, 'https://vault.example']
    servers = await startClientServers({ role: { token: { audience } } })
    const args = ['enroll', servers.url, '--metadata-url', servers.metadataUrl]
    const { status, stdout } = await command.run([...args, '--resource', 'https://vault.example'])
    expect(status).toBe(0)
    expect(claimsOf(stdout)).toMatchObject({ role: ROLE, aud: ['https://vault.example'] })
  })

  it('prints one JSON document with --json', async () => {
    servers = await startClientServers()
    const printed = JSON.parse((await enroll(['--json'])).stdout) as Record<string, unknown>
    expect(printed).toEqual({
      access_token: expect.stringMatching(/^ey/),
      token_type: 'Bearer',
      renewable: true,
      expires_in: 300,
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      role: ROLE,
    })
    const kept = JSON.parse((await enroll(['--json', '--out', 'json.jwt'])).stdout) as object
    expect(kept).toEqual({
      renewable: true,
      token_type: 'Bearer',
      expires_in: 300,
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      role: ROLE,
      token_file: file('json.jwt'),
    })
  })

  it('writes a file that only its owner can read, in one go, and leaves nothing beside it', async () => {
    servers = await startClientServers()
    mkdirSync(file('out'))
    const path = file('out/token.jwt')
    writeFileSync(path, 'eyJold', { mode: 0o644 })
    const { ino } = statSync(path)
    const { status, stdout, stderr } = await enroll(['--out', path])
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
    expect(stderr).toContain(`enrolled as ${ROLE}; the token is in ${path}`)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    // Another file in its place: a process that has the old one open still reads all of it.
    expect(statSync(path).ino).not.toBe(ino)
    expect(claimsOf(readFileSync(path, 'utf8'))).toMatchObject({ role: ROLE })
    expect(readdirSync(file('out'))).toEqual(['token.jwt'])
  })

  it('replaces a token, also one that was cut off, and no file of something else', async () => {
    servers = await startClientServers()
    const path = file('mine.jwt')
    for (const text of ['', '\n', 'eyJhbGciOi', '\0'.repeat(500), 'eyJhbGci.eyJpc3Mi.AAAA\n']) {
      writeFileSync(path, text)
      expect((await enroll(['--out', path])).status).toBe(0)
      expect(claimsOf(readFileSync(path, 'utf8'))).toMatchObject({ role: ROLE })
    }
    const asked = servers.requests.length
    for (const text of [
      '{"keys":[]}',
      'root:x:0:0',
      'eyJhbGci is how a token begins',
      btoa(JSON.stringify({ keys: 'x'.repeat(300) })),
      `eyJhbGci.${'A'.repeat(70_000)}`,
    ]) {
      writeFileSync(path, text)
      const run = await enroll(['--out', path])
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toBe(
        `rollcall: --out: ${path} holds something other than a token; name another file, or delete this one\n`,
      )
      expect(readFileSync(path, 'utf8')).toBe(text)
    }
    expect(servers.requests).toHaveLength(asked)
  })

  it('refuses links in a circle, for the token and the key', async () => {
    servers = await startClientServers()
    symlinkSync('circle', file('circle'))
    for (const args of [['--out'], ['--dpop-key'], ['--out', 'a.jwt', '--dpop-key']]) {
      const run = await enroll([...args, 'circle'])
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toBe(`rollcall: ${args.at(-1)}: cannot read circle (ELOOP)\n`)
    }
    expect(servers.requests).toEqual([])
  })

  it('leaves the old token when it is refused', async () => {
    servers = await startClientServers({ role: { match: { owner_account_id: ['1'] } } })
    writeFileSync(file('kept.jwt'), 'eyJold')
    expect((await enroll(['--out', 'kept.jwt'])).status).toBe(4)
    expect(readFileSync(file('kept.jwt'), 'utf8')).toBe('eyJold')
  })
})

describe('rollcall enroll --dpop-key', () => {
  it('makes a key once, keeps it, and gets tokens bound to it', async () => {
    servers = await startClientServers({ role: { reenrollment: 'same_key', binding: 'dpop' } })
    const first = await enroll(['--dpop-key', 'node.json'])
    expect(first.status).toBe(0)
    expect(first.stderr).toMatch(
      /^rollcall: made a key for i-\w+, node\.json; keep it on this instance/,
    )
    expect(statSync(file('node.json')).mode & 0o777).toBe(0o600)
    const json = readFileSync(file('node.json'), 'utf8')
    const { signer } = await parseSigningKeys(json)
    expect(signer.algorithm.alg).toBe('ES256')
    expect(claimsOf(first.stdout)).toMatchObject({ cnf: { jkt: signer.kid } })

    const second = await enroll(['--dpop-key', 'node.json', '--json'])
    expect(second).toMatchObject({ status: 0, stderr: '' })
    expect(JSON.parse(second.stdout)).toMatchObject({ token_type: 'DPoP' })
    expect(readFileSync(file('node.json'), 'utf8')).toBe(json)
    const { d } = (JSON.parse(json) as { keys: [{ d: string }] }).keys[0]
    expect(JSON.stringify(servers.requests)).not.toContain(d)

    const another = await enroll(['--dpop-key', 'another.json'])
    expect(another.status).toBe(4)
  })

  it('refuses a token that is not bound, and a file that is no key', async () => {
    servers = await startClientServers()
    servers.intercept = async (request, pass) => {
      if (!isEnroll(request)) return undefined
      const body = (await (await pass(request)).json()) as object
      return Response.json({ ...body, token_type: 'Bearer' })
    }
    const run = await enroll(['--dpop-key', 'bound.json'])
    expect(run).toMatchObject({ status: 5, stdout: '' })
    expect(run.stderr).toContain('whose binding to a key is not as requested')
    writeFileSync(file('bad.json'), '{"kty":"EC"}', { mode: 0o644 })
    const bad = await enroll(['--dpop-key', 'bad.json'])
    expect(bad.status).toBe(2)
    expect(bad.stderr).toContain('bad.json is not a private JWK or JWKS; name another file')
    // The advice of that warning is for keys, and this file may be anything.
    expect(bad.stderr).not.toContain('chmod')
  })
})

describe('rollcall enroll --dpop-key, with a file that was copied', () => {
  const OTHER = { instance_id: 'i-bp1other', serial_number: '4acd2b47-b328-4762-852f-000000000000' }
  const keyOf = async (more: object = {}): Promise<{ keys: readonly object[] }> => {
    const { keys } = await generateInstanceKey()
    return { keys: keys.map((key) => ({ ...key, ...more })) }
  }
  const write = (name: string, value: object): void =>
    writeFileSync(file(name), JSON.stringify(value), { mode: 0o600 })
  /** The mark of a key of this instance, from its document. */
  const hereOf = async (): Promise<object> => {
    const url = `${servers.metadataUrl}/latest/dynamic/instance-identity/document`
    const document = (await (await fetch(url)).json()) as Record<string, string>
    return { instance_id: document['instance-id'], serial_number: document['serial-number'] }
  }

  it('refuses the second of two clones with one key, before the service is asked', async () => {
    servers = await startClientServers({
      emulator: { instances: 2 },
      role: { reenrollment: 'same_key' },
    })
    const [first, clone] = servers.emulator.instances.map(({ instanceId }) => instanceId)
    const enrollAs = (id?: string): Promise<Run> =>
      enroll([
        '--dpop-key',
        'baked.json',
        '--metadata-url',
        `${servers.metadataUrl}/instances/${id}`,
      ])
    expect((await enrollAs(first)).status).toBe(0)
    const asked = servers.requests.length
    const run = await enrollAs(clone)
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(
      `--dpop-key: baked.json: the key was made for instance ${first}, and this is ${clone}\n` +
        'Delete the key on this machine and in the image that it came from, and enroll with a new key.\n' +
        `If ${clone} has enrolled with this key under "same_key", have an operator reset it first.`,
    )
    expect(servers.requests).toHaveLength(asked)
    expect((await enrollAs(first)).status).toBe(0)
  })

  it.each([
    ['a JWKS', async () => keyOf({ note: 'mine' })],
    ['a JWK', async () => (await keyOf({ note: 'mine' })).keys[0] as object],
  ])('marks a key without a mark, once: %s', async (_, make) => {
    servers = await startClientServers({ role: { reenrollment: 'same_key' } })
    const before = await make()
    write('older.json', before)
    chmodSync(file('older.json'), 0o640)
    const run = await enroll(['--dpop-key', 'older.json'])
    expect(run.status).toBe(0)
    expect(run.stderr).toMatch(/older\.json named no instance; it now names i-\w+/)
    const after = JSON.parse(readFileSync(file('older.json'), 'utf8')) as typeof before
    const here = await hereOf()
    const marked = (key: object): object => ({ ...key, ...here })
    expect(after).toEqual(
      'keys' in before ? { keys: (before.keys as object[]).map(marked) } : marked(before),
    )
    expect(statSync(file('older.json')).mode & 0o777).toBe(0o640)
    expect(readdirSync(command.folder).filter((name) => name.startsWith('older.json'))).toEqual([
      'older.json',
    ])
    const again = await enroll(['--dpop-key', 'older.json'])
    expect(again.stderr).not.toContain('named no instance')
  })

  it('goes on with a warning when the mark cannot be written', async () => {
    servers = await startClientServers({ role: { reenrollment: 'same_key' } })
    // No file can be put beside one whose name is as long as a name may be, not even by root.
    const name = 'k'.repeat(255)
    const before = await keyOf()
    write(name, before)
    const run = await enroll(['--dpop-key', name])
    expect(run.status).toBe(0)
    expect(run.stderr).toMatch(/warning: cannot mark k+ as the key of i-\w+ \(ENAMETOOLONG\)/)
    expect(JSON.parse(readFileSync(file(name), 'utf8'))).toEqual(before)
  })

  it('accepts the mark of this instance, and refuses a broken one', async () => {
    servers = await startClientServers({ role: { reenrollment: 'same_key' } })
    write('here.json', await keyOf(await hereOf()))
    expect(await enroll(['--dpop-key', 'here.json'])).toMatchObject({ status: 0, stderr: '' })
    write('half.json', await keyOf({ instance_id: OTHER.instance_id }))
    const run = await enroll(['--dpop-key', 'half.json'])
    expect(run.status).toBe(2)
    expect(run.stderr).toContain('"instance_id" and "serial_number" name the instance of the key')
  })

  it('refuses the keys of a service, an operator and a relying party, and leaves their files', async () => {
    servers = await startClientServers()
    const { keys } = await generateSigningKeys('ES256')
    const signing = (more: object): object => ({ keys: keys.map((key) => ({ ...key, ...more })) })
    const foreign = (member: string): string =>
      `--dpop-key: foreign.json is the key of a service, an operator or a relying party (it has "${member}"); ` +
      'name another file: a missing one is made\n'
    for (const [set, message] of [
      [{ keys: [...keys, ...(await keyOf()).keys] }, 'a client has one key'],
      [signing({ rotation: { state: 'retired', since: 1 } }), 'a client needs a key of its own'],
      [signing({}), foreign('use')],
      [signing({ use: undefined }), foreign('kid')],
      [keys[0] as object, foreign('use')],
      [await keyOf({ scope: ['read'] }), foreign('scope')],
      [await keyOf({ audiences: ['https://app.example'] }), foreign('audiences')],
      // The mark of this instance makes no operator's key its own.
      [signing({ name: 'alice@corp', ...(await hereOf()) }), foreign('name')],
    ] as const) {
      write('foreign.json', set)
      chmodSync(file('foreign.json'), 0o644)
      const run = await enroll(['--dpop-key', 'foreign.json'])
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toContain(message)
      expect(run.stderr).not.toContain('chmod')
      expect(readFileSync(file('foreign.json'), 'utf8')).toBe(JSON.stringify(set))
    }
    expect(servers.requests).toEqual([])
  })

  it('asks once for the document that names the instance, and once for evidence', async () => {
    servers = await startClientServers({ role: { reenrollment: 'same_key' } })
    write('here.json', await keyOf(await hereOf()))
    const before = servers.asked.length
    expect((await enroll(['--dpop-key', 'here.json'])).status).toBe(0)
    const documents = servers.asked
      .slice(before)
      .filter((path) => path.endsWith('/instance-identity/document'))
    expect(documents).toHaveLength(2)
  })

  it('makes no key where the metadata service does not tell which instance this is', async () => {
    servers = await startClientServers({
      emulator: { faults: ['not-found:dynamic/instance-identity/document'] },
    })
    const run = await enroll(['--dpop-key', 'early.json'])
    expect(run.status).toBe(3)
    expect(readdirSync(command.folder)).not.toContain('early.json')
  })
})

describe('rollcall enroll, with a service that is not the one', () => {
  it('stops before a signature when a service passes on the challenge of another one', async () => {
    const other = await startClientServers()
    servers = await startClientServers()
    servers.intercept = (request) =>
      request.url.endsWith('/v1/challenge')
        ? fetch(`${other.url}/v1/challenge`, {
            method: 'POST',
            body: new URLSearchParams({ role: ROLE }),
          })
        : undefined
    const run = await enroll()
    await other.close()
    expect(run).toMatchObject({ status: 4, stdout: '' })
    expect(run.stderr).toContain('stopped before anything was signed')
    expect(servers.asked).toEqual([])
    expect(servers.bodiesOf('POST /v1/enroll')).toEqual([])
  })

  it.each([
    ['another role', { role: 'other' }],
    ['no role', {}],
    ['another key', { role: ROLE, dpop_jkt: 'A'.repeat(43) }],
  ])('stops before a signature when the challenge is for %s', async (_, fields) => {
    servers = await startClientServers()
    servers.intercept = async (request, pass) =>
      request.url.endsWith('/v1/challenge')
        ? pass(
            new Request(request.url, {
              method: 'POST',
              body: new URLSearchParams(fields as Record<string, string>),
            }),
          )
        : undefined
    expect(await enroll()).toMatchObject({ status: 4, stdout: '' })
    expect(servers.asked).toEqual([])
  })

  it('stops when its address is another name of the service', async () => {
    servers = await startClientServers()
    const args = ['--metadata-url', servers.metadataUrl, '--role', ROLE]
    const { status, stderr } = await command.run([
      'enroll',
      servers.url.replace('127.0.0.1', 'localhost'),
      ...args,
    ])
    expect(status).toBe(4)
    expect(stderr).toContain('must equal ROLLCALL_ISSUER of the service exactly')
    expect(servers.asked).toEqual([])
  })

  it.each([
    ['what is no JSON', '<html></html>', 'is not a rollcall service'],
    [
      'a challenge that is too short',
      '{"audience":"a","expires_in":9}',
      'is not a rollcall service',
    ],
    ['an answer without end', 'x'.repeat(70_000), 'is not available'],
  ])('ends with 5 on %s', async (_, body, message) => {
    servers = await startClientServers()
    const headers = { 'Content-Type': 'application/json' }
    servers.intercept = () => new Response(body, { headers })
    const { status, stderr } = await enroll(['--attempts', '1'])
    expect(status).toBe(5)
    expect(stderr).toContain(message)
  })

  it('ends with 5 on an answer without a token', async () => {
    servers = await startClientServers()
    servers.intercept = (request) =>
      isEnroll(request) ? Response.json({ access_token: 'no' }) : undefined
    const { status, stderr } = await enroll()
    expect(status).toBe(5)
    expect(stderr).toContain('not with a token')
  })
})

describe('rollcall enroll, when things fail for a while', () => {
  it('repeats the same challenge and evidence after 503 and a lost answer', async () => {
    servers = await startClientServers()
    let calls = 0
    let lost = ''
    servers.intercept = async (request, pass) => {
      if (!isEnroll(request)) return undefined
      calls++
      if (calls === 1) return unavailable()
      if (calls > 2) return undefined
      lost = ((await (await pass(request)).json()) as { access_token: string }).access_token
      return unavailable()
    }
    const run = await enroll()
    expect(run.status).toBe(0)
    expect(run.stderr.match(/retrying in/g)).toHaveLength(2)
    expect(servers.bodiesOf('POST /v1/challenge')).toHaveLength(1)
    expect(servers.bodiesOf('POST /v1/enroll')).toHaveLength(3)
    expect(new Set(servers.bodiesOf('POST /v1/enroll')).size).toBe(1)
    expect(claimsOf(run.stdout)).toEqual(claimsOf(lost))
  })

  it('gets its token with a proof although the first answer was lost', async () => {
    servers = await startClientServers({ role: { reenrollment: 'never', binding: 'dpop' } })
    let calls = 0
    servers.intercept = async (request, pass) => {
      if (!isEnroll(request) || calls++ > 0) return undefined
      await pass(request)
      return unavailable()
    }
    expect((await enroll(['--dpop-key', 'lost.json'])).status).toBe(0)
  })

  it.each(['request_timeout', 'rate_limited', 'internal_error', 'unavailable'] as const)(
    'tries again after %s',
    async (code) => {
      servers = await startClientServers()
      let failures = 1
      servers.intercept = (request) =>
        isEnroll(request) && failures-- > 0 ? problem(code) : undefined
      expect(await enroll()).toMatchObject({ status: 0 })
    },
  )

  it.each([
    'invalid_request',
    'not_admitted',
    'not_found',
    'payload_too_large',
    'unsupported_media_type',
  ] as const)('ends with 4 at once after %s', async (code) => {
    servers = await startClientServers()
    servers.intercept = (request) => (isEnroll(request) ? problem(code) : undefined)
    expect(await enroll()).toMatchObject({ status: 4, stdout: '' })
    expect(servers.bodiesOf('POST /v1/enroll')).toHaveLength(1)
  })

  it('waits as long as Retry-After says', async () => {
    servers = await startClientServers()
    let failures = 1
    servers.intercept = (request) =>
      isEnroll(request) && failures-- > 0 ? unavailable({ 'Retry-After': '2' }) : undefined
    expect((await enroll()).status).toBe(0)
    const [wait, ...more] = servers.timing.waits
    expect(more).toEqual([])
    // And a random part of 2 s more.
    expect(wait).toBeGreaterThanOrEqual(2)
    expect(wait).toBeLessThan(4)
  })

  it('starts over with a new challenge once the old one has expired', async () => {
    servers = await startClientServers({ challengeLifetimeSeconds: 4 })
    let failures = 1
    servers.intercept = (request) =>
      isEnroll(request) && failures-- > 0 ? unavailable({ 'Retry-After': '4' }) : undefined
    const run = await enroll()
    expect(run.status).toBe(0)
    expect(run.stderr).toContain('starting over')
    expect(servers.bodiesOf('POST /v1/challenge')).toHaveLength(2)
    expect(new Set(servers.bodiesOf('POST /v1/enroll')).size).toBe(2)
  })

  it('starts over once, and only once, after a 401 that came when the challenge had expired', async () => {
    servers = await startClientServers({ challengeLifetimeSeconds: 1 })
    servers.intercept = async (request) => {
      if (!isEnroll(request)) return undefined
      await servers.timing.wait(1.3)
      return problem('invalid_evidence')
    }
    const run = await enroll()
    expect(run.status).toBe(4)
    expect(run.stderr).toContain('starting over')
    expect(run.stderr).toContain(
      'request r-1: the identity of this instance was not accepted\nAsk the operator of the service for the reason',
    )
    expect(servers.bodiesOf('POST /v1/challenge')).toHaveLength(2)
  })

  it('ends with 5 when the service stays away, after as many calls as it may make', async () => {
    servers = await startClientServers()
    const url = `http://127.0.0.1:${await reservePort()}`
    const { status, stderr } = await command.run(['enroll', url, '--attempts', '2'], {
      timing: servers.timing,
    })
    expect(status).toBe(5)
    expect(stderr.match(/ECONNREFUSED/g)).toHaveLength(2)
    expect(stderr).toContain('is it running, and on this port?')
  })

  it('names the refused request, and shows no reason for an unknown account', async () => {
    servers = await startClientServers({ role: { match: { owner_account_id: ['1'] } } })
    const { status, stderr } = await enroll()
    expect(status).toBe(4)
    const event = servers.events.find(({ event: name }) => name === 'enroll')
    expect(stderr).toContain(`request ${event?.request_id}: this instance is not admitted\n`)
    expect(event).toMatchObject({ reason: 'account_not_allowed' })
  })
})

describe('rollcall enroll, with a metadata service that is not as it should be', () => {
  const enrollWith = async (...faults: string[]): Promise<Run> => {
    servers = await startClientServers({ emulator: { faults } })
    return enroll()
  }

  it('ends with 3 without hardened mode, and says how to go on', async () => {
    const { status, stderr } = await enrollWith('not-found:api/token')
    expect(status).toBe(3)
    expect(stderr).toContain('--metadata-mode auto')
    const run = await enroll(['--metadata-mode', 'auto'])
    expect(run.status).toBe(0)
  })

  it('ends with 3 when there is no document', async () => {
    const { status, stderr } = await enrollWith('not-found:dynamic/instance-identity/document')
    expect(status).toBe(3)
    expect(stderr).toContain('dynamic/instance-identity/document is not set')
    expect(servers.bodiesOf('POST /v1/enroll')).toEqual([])
  })

  it('ends with 3 when nobody answers', async () => {
    servers = await startClientServers()
    const nobody = `http://127.0.0.1:${await reservePort()}`
    const { status, stderr } = await enroll(['--metadata-url', nobody])
    expect(status).toBe(3)
    expect(stderr).toContain('is this an ECS instance in a VPC?')
  })
})

describe('rollcall enroll, used wrongly', () => {
  it.each([
    [['http://rollcall.example'], 'URL: "http://rollcall.example" is not encrypted'],
    [['https://rollcall.example/x'], 'has a path; write "https://rollcall.example"'],
    [[], "missing required argument 'URL'"],
    [['https://rollcall.example', 'more'], 'too many arguments'],
    [['https://rollcall.example', '--role', 'Worker'], '--role: expected'],
    [['https://rollcall.example', '--metadata-mode', 'normal'], 'expected hardened or auto'],
    [['https://rollcall.example', '--metadata-url', 'x'], '--metadata-url'],
    [['https://rollcall.example', '--attempts', '0'], 'from 1 to 9999'],
    [['https://rollcall.example', '--out', '.'], 'is a folder'],
    [['https://rollcall.example', '--out', '/dev/full'], 'is a device or a pipe'],
    [['https://rollcall.example', '--out', 'k', '--dpop-key', './k'], 'would replace the key'],
    [['https://rollcall.example', '--out', 'no/such/token'], 'make it: install -d -m 0700 no/such'],
    [['https://rollcall.example', '--renew'], 'give --out FILE or --exec CMD'],
    [['https://rollcall.example', '--exec', ''], 'expected a command'],
  ])('refuses %j with exit status 2, before anything is asked', async (args, message) => {
    servers = await startClientServers()
    const env = { ROLLCALL_METADATA_URL: servers.metadataUrl }
    const { status, stdout, stderr } = await command.run(['enroll', ...args], { env })
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(servers.asked).toEqual([])
    expect(existsSync(file('no'))).toBe(false)
  })
})
