// How `rollcall admin` fails: its exit statuses, and that it says what to do next.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../../src/token/generate.ts'
import { reservePort } from '../../../support/ports.ts'
import type { Run, RunOptions } from '../../../support/command.ts'
import {
  ACCOUNT,
  type AdminService,
  REGION,
  startAdminService,
} from '../../../support/admin-service.ts'
import { htmlPage, problem } from '../../../support/problem.ts'

const NAME = [ACCOUNT, REGION, 'i-bp1first']

let service: AdminService
let token: string
beforeAll(async () => {
  service = await startAdminService()
  token = await service.enroll('i-bp1first')
})
afterEach(() => {
  service.troubles.length = 0
  service.requests.length = 0
  service.clockOffset = 0
})
afterAll(() => service.close())

/** Runs without the options that name the service and the key. */
const bare = (args: readonly string[], options: RunOptions = {}): Promise<Run> =>
  service.command.run(['admin', ...args], options)

describe('rollcall admin, used wrongly', () => {
  it.each([
    [['nope'], "unknown command 'nope'"],
    [['list', '--nope'], "unknown option '--nope'"],
    [['list', 'left-over'], 'too many arguments'],
    [['list', '--limit', '0'], 'Expected a whole number from 1 to 1000'],
    [['list', '--region', 'CN'], 'Expected one like cn-hangzhou'],
    [['show'], "missing required argument 'instance'"],
    [['show', REGION, 'i-1'], 'expected INSTANCE, or ACCOUNT REGION INSTANCE, but got 2 words'],
    [['reset', ACCOUNT, REGION, 'i-1', 'i-2'], 'but got 4 words'],
    [['revoke', 'I-1'], 'Expected one like i-bp1'],
    [['show', 'me', REGION, 'i-1'], 'Expected one like 1234567890123456'],
    [['reset', ACCOUNT, REGION, 'i-1/../x'], 'Expected one like i-bp1'],
    [['ban', 'machine', 'i-1', '--reason', 'x'], 'Allowed choices are account, image, instance'],
    [
      ['ban', 'instance', 'M', '--reason', 'x'],
      '"M" is not the id of an instance; expected one like i-bp1',
    ],
    [['ban', 'account', '12a', '--reason', 'x'], 'is not the id of an account'],
    [['unban', 'image', 'm 1'], 'is not the id of an image'],
    [['ban', 'instance', 'i-1'], '--reason: expected 1 to 256'],
    [['ban', 'instance', 'i-1', '--reason', 'x'.repeat(257)], '--reason: expected 1 to 256'],
    [['list', '--cursor', 'none-of-this-list'], 'The cursor did not come from this list'],
    [['list', '--operator', 'a b'], '--operator: expected 1 to 128 characters'],
    [['revoke-token', '--jti', 'short'], '--jti: expected the jti claim'],
    [['revoke-token', '--jti', 'x', '--token-file', 'y'], 'not both'],
    [['introspect', '--token-file', 'no/such'], '--token-file: cannot read no/such (ENOENT)'],
    [['prune', '--living', 'x', '--account', ACCOUNT], "'--region <id>' not specified"],
  ])('refuses %j with exit status 2', async (args, message) => {
    const { status, stdout, stderr } = await service.admin(args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })

  it.each([
    [[], {}, 'Give --issuer https://HOST, or set ROLLCALL_ISSUER'],
    [['--issuer', 'https://a.example'], {}, 'Give --key FILE, or set ROLLCALL_ADMIN_KEY_FILE'],
    [
      ['--issuer', 'http://a.example'],
      {},
      '--issuer: "http://a.example" is not encrypted; use https',
    ],
    [['--issuer', 'http://127.0.0.1.evil.example'], {}, 'is not encrypted'],
    [['--issuer', 'http://127.0.0.1.evil.example/'], {}, 'is not encrypted'],
    [['--issuer', 'ftp://localhost'], {}, '"ftp://localhost" is not an http or https URL'],
    [
      ['--issuer', 'https://a.example/rollcall/'],
      {},
      '--issuer: "https://a.example/rollcall/" has a path; write "https://a.example"',
    ],
    [['--issuer', 'https://a.example//'], {}, 'has a path'],
    [['--issuer', 'https://a.example/?token=x'], {}, '--issuer: has a query'],
    [['--issuer', 'https://A.example'], {}, 'has upper-case letters; write "https://a.example"'],
    [['--issuer', 'https://me@a.example'], {}, '--issuer: has a user name or password'],
    [[], { ROLLCALL_ISSUER: 'http://10.0.0.1' }, 'is not encrypted'],
    [['--issuer', 'https://a.example', '--key', 'no/key'], {}, 'cannot read no/key (ENOENT)'],
  ])('refuses the configuration %j %j', async (args, env, message) => {
    const { status, stderr } = await bare(['list', ...args], { env })
    expect(status).toBe(2)
    expect(stderr).toContain(message)
  })

  it('refuses a key file that has no private key, and warns of one that others can read', async () => {
    const file = join(service.command.folder, 'other.json')
    const args = ['list', '--issuer', service.url, '--key', file]
    const [{ d, ...publicKey } = {}] = (await generateSigningKeys('ES256')).keys
    for (const text of [
      '',
      'x',
      '[]',
      JSON.stringify(publicKey),
      JSON.stringify({ ...publicKey, d: d?.replaceAll(/[a-z]/g, 'A') }),
      JSON.stringify({ kty: 'oct', k: 'x'.repeat(43) }),
    ]) {
      writeFileSync(file, text, { mode: 0o600 })
      const { status, stderr } = await bare(args)
      expect(status).toBe(2)
      expect(stderr).toContain('is not a private JWK or JWKS; `rollcall admin keygen` makes one')
    }
    const warning = `other users can read or change ${file}; run chmod 600 ${file}`
    chmodSync(file, 0o644)
    expect((await bare(args)).stderr).not.toContain('chmod')
    const mark = { instance_id: 'i-bp1other', serial_number: '0-0' }
    writeFileSync(file, JSON.stringify({ ...publicKey, d, ...mark }))
    const ofInstance = await bare(args)
    expect(ofInstance).toMatchObject({ status: 2, stdout: '' })
    expect(ofInstance.stderr).toBe(
      `rollcall: --key: ${file} is the key of instance i-bp1other; expected an operator's\n`,
    )
    expect(service.requests).toEqual([])
    writeFileSync(file, JSON.stringify({ ...publicKey, d }))
    expect((await bare(args)).stderr).toContain(warning)
  })

  it('never repeats a token or a key that somebody typed', async () => {
    const { keys } = await generateSigningKeys('ES256')
    const key = JSON.stringify(keys[0])
    const secret = keys[0]?.d as string
    for (const args of [
      ['introspect', token],
      [`introspect`, `--token=${token}`],
      ['introspect', '--token-file', token],
      ['revoke-token', '--jti', token],
      [token],
      ['list', '--account', token],
      ['show', ACCOUNT, REGION, token],
    ]) {
      const { status, stdout, stderr } = await service.admin(args)
      expect(status).toBe(2)
      expect(stdout + stderr).not.toContain(token)
      expect(stdout + stderr).not.toContain(token.split('.')[2])
    }
    const { status, stderr } = await bare(['list', '--issuer', service.url, '--key', key])
    expect(status).toBe(2)
    expect(stderr).toContain('--key: expected the path of a file')
    expect(stderr).not.toContain(secret)
  })

  it.each([
    ['nothing', ''],
    ['an answer instead of the token in it', '{"access_token":"a.b.c"}'],
    ['two tokens', 'a.b.c\na.b.c'],
    ['a text that is far too long', `${'a'.repeat(9000)}.b.c`],
  ])('refuses %s on standard input', async (_, stdin) => {
    const { status, stderr } = await service.admin(['introspect'], { stdin })
    expect(status).toBe(2)
    expect(stderr).toContain('standard input: expected only an enrollment token')
    expect(service.requests).toEqual([])
  })
})

describe('rollcall admin, refused by the service', () => {
  it.each(['show', 'reset', 'revoke', 'forget'])(
    'ends %s of what is not known with exit status 4',
    async (action) => {
      const { status, stdout, stderr } = await service.admin([action, ACCOUNT, REGION, 'i-none'])
      expect({ status, stdout }).toEqual({ status: 4, stdout: '' })
      expect(stderr).toMatch(
        /^rollcall: the service answered 404, request \S+: The service knows no such instance\nCheck the account/,
      )
    },
  )

  it('ends with exit status 4 where the service has no calls of operators, and says so', async () => {
    service.troubles.push(() => problem('not_found'))
    const { status, stderr } = await service.admin(['show', ...NAME])
    expect(status).toBe(4)
    expect(stderr).toContain('set ROLLCALL_ADMIN_KEYS there')
    expect(stderr).not.toContain('Check the account')
  })

  it('ends with exit status 4 for another key, and tells which one', async () => {
    const file = join(service.command.folder, 'stranger.json')
    const keys = await generateSigningKeys('EdDSA')
    writeFileSync(file, JSON.stringify(keys), { mode: 0o600 })
    const { status, stderr } = await bare(['list', '--issuer', service.url, '--key', file])
    expect(status).toBe(4)
    expect(stderr).toContain(`must hold the public key ${keys.keys[0]?.kid}`)
    expect(stderr).toContain(`it is ${service.url}`)
    expect(stderr).not.toContain('clock')
  })

  it('ends with exit status 4 for another name of the service', async () => {
    const issuer = service.url.replace('127.0.0.1', 'localhost')
    const { status, stderr } = await bare(['list', '--issuer', issuer, '--key', service.keyFile])
    expect(status).toBe(4)
    expect(stderr).toContain('the issuer must equal ROLLCALL_ISSUER of the service exactly')
  })

  it.each([
    [400, 'behind'],
    [-400, 'ahead of'],
  ])('says so when the clock of the service is %i s off', async (offset, direction) => {
    service.clockOffset = offset
    const { status, stderr } = await service.admin(['list'])
    expect(status).toBe(4)
    expect(stderr).toMatch(
      new RegExp(`the clock of this machine is (?:39|40)\\d s ${direction} the service's`),
    )
  })

  it('uses a token once: sent again by hand, it is refused', async () => {
    expect((await service.admin(['show', ...NAME])).status).toBe(0)
    const [{ url, headers } = new Request(service.url)] = service.requests
    const again = await fetch(url, { headers })
    expect(again.status).toBe(401)
    expect(service.events.at(-1)).toMatchObject({ reason: 'operator_token_used' })
  })

  it('does not follow a redirect, and says where it leads', async () => {
    const to = `http://127.0.0.1:${await reservePort()}/v1/admin/instances`
    service.troubles.push(() => new Response(null, { status: 307, headers: { Location: to } }))
    const { status, stderr } = await service.admin(['list', '--retries', '0'])
    expect(status).toBe(5)
    expect(stderr).toContain(
      `something else answers at ${service.url}: 307, it leads to ${to}, tried 1 time; check the address`,
    )
  })

  it('takes the 403 and the 404 of another server for no refusal, and tries again', async () => {
    service.troubles.push(
      () => htmlPage(403, { Server: 'cloudflare' }),
      () => htmlPage(404),
    )
    const { status, stderr } = await service.admin(['show', ...NAME])
    expect(status).toBe(0)
    expect(stderr).toContain(
      'something else answers: 403 text/html, server cloudflare; retrying in',
    )
    expect(stderr).toContain('something else answers: 404 text/html; retrying in')
  })
})

describe('rollcall admin keygen', () => {
  it('refuses a place where it cannot write', async () => {
    mkdirSync(join(service.command.folder, 'taken'))
    for (const out of ['no/such/folder.json', 'taken']) {
      const { status, stdout, stderr } = await bare(['keygen', '--out', out])
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toContain(`--out: `)
    }
    expect((await bare(['keygen'])).status).toBe(2)
    expect((await bare(['keygen', '--out', 'x', '--algorithm', 'HS256'])).status).toBe(2)
  })
})
