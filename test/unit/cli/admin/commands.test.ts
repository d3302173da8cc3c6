// Every subcommand against the real service, once for people and once as JSON, by what it does there.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimsOf } from '../../../support/test-enroller.ts'
import { jsonLines } from '../../../support/command.ts'
import {
  ACCOUNT,
  type AdminService,
  REGION,
  startAdminService,
} from '../../../support/admin-service.ts'
import { problem } from '../../../support/problem.ts'

const ID = 'i-bp1first'
const NAME = [ACCOUNT, REGION, ID]
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

let service: AdminService
beforeEach(async () => {
  service = await startAdminService()
})
afterEach(() => service.close())

/** Runs a subcommand that must succeed without a word on standard error. */
const done = async (args: readonly string[], stdin?: string): Promise<string> => {
  const { status, stdout, stderr } = await service.admin(args, stdin === undefined ? {} : { stdin })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

const actions = (): (string | undefined)[] => service.events.map(({ action }) => action)

describe('rollcall admin list', () => {
  it('shows instances as a table whose columns stand below one another', async () => {
    expect(await done(['list'])).toBe('no instances\n')
    await service.enroll(ID)
    await service.enroll('i-bp1x')
    const [header = '', ...rows] = (await done(['list'])).trimEnd().split('\n')
    expect(rows).toHaveLength(2)
    const column = header.indexOf('LAST ENROLLED')
    for (const row of rows) expect(row.slice(column).split('  ')[0]).toMatch(TIME)
    expect(rows[0]).toMatch(new RegExp(`^${ACCOUNT}  ${REGION}  ${ID}  worker  1 `))
  })

  it('gives a line of JSON for each with --json, as the service answered it', async () => {
    expect(await done(['list', '--json'])).toBe('')
    await service.enroll(ID)
    const [instance, ...others] = jsonLines(await done(['list', '--json']))
    expect(others).toEqual([])
    expect(instance).toMatchObject({ instance_id: ID, enrollments: 1, open: false, role: 'worker' })
  })
})

describe('rollcall admin show', () => {
  it('shows an instance, and the same as JSON', async () => {
    await service.enroll(ID)
    const shown = await done(['show', ...NAME])
    expect(shown).toMatch(new RegExp(`^instance +${ID}$`, 'm'))
    expect(shown).toMatch(/^last enrolled +\d{4}-\d\d-\d\dT/m)
    expect(shown).not.toContain('revoked until')
    const json = JSON.parse(await done(['show', ...NAME, '--json'])) as unknown
    expect(json).toMatchObject({ instance_id: ID, owner_account_id: ACCOUNT })
  })
})

describe('rollcall admin reset', () => {
  it('opens one fresh enrollment', async () => {
    await service.enroll(ID)
    expect(await done(['reset', ...NAME])).toContain(`${ID}: reset;`)
    expect(await done(['show', ...NAME])).toMatch(/^next enrollment +counts as the first/m)
    const again = JSON.parse(await done(['reset', ...NAME, '--json'])) as unknown
    expect(again).toMatchObject({ open: true, generation: 2 })
  })
})

describe('rollcall admin revoke', () => {
  it('revokes the tokens until now', async () => {
    const token = await service.enroll(ID)
    expect(await done(['introspect', '--json'], token)).toMatch(/^\{"active":true/)
    expect(await done(['revoke', ...NAME])).toMatch(/revoked all of its tokens up to \d{4}-/)
    expect(await done(['introspect', '--json'], token)).toBe('{"active":false}\n')
    const again = JSON.parse(await done(['revoke', ...NAME, '--json'])) as unknown
    expect(again).toMatchObject({ instance_id: ID, revoked_until: expect.any(Number) as number })
    expect(await done(['list'])).toMatch(/revoked until \d{4}-/)
  })
})

describe('rollcall admin forget', () => {
  it.each([false, true])('revokes and forgets (json: %s)', async (json) => {
    const token = await service.enroll(ID)
    const stdout = await done(['forget', ...NAME, ...(json ? ['--json'] : [])])
    if (json) expect(JSON.parse(stdout)).toMatchObject({ instance_id: ID, enrollments: 0 })
    else expect(stdout).toContain(`${ID}: revoked all of its tokens, and forgotten`)
    expect(await done(['list'])).toBe('no instances\n')
    expect(await done(['introspect', '--json'], token)).toBe('{"active":false}\n')
  })
})

describe('rollcall admin ban, bans and unban', () => {
  it('ban, list and lift, for people', async () => {
    expect(await done(['bans'])).toBe('no bans\n')
    const reason = 'a\u001b[2Jb \u202e\n次'
    expect(await done(['ban', 'instance', ID, '--reason', reason])).toBe(`instance ${ID}: banned\n`)
    await expect(service.enroll(ID)).rejects.toThrow('not_admitted')
    const bans = await done(['bans'])
    expect(bans).toContain('a\\u001b[2Jb \\u202e\\u000a次')
    expect(bans.trimEnd().split('\n')).toHaveLength(2)
    expect(await done(['unban', 'instance', ID])).toMatch(/: ban lifted; its reason was "a\\u001b/)
    expect(await done(['bans'])).toBe('no bans\n')
    await service.enroll(ID)
  })

  it('say what they changed, and change nothing twice', async () => {
    const ban = (reason: string): Promise<string> =>
      done(['ban', 'image', 'm-1', '--reason', reason])
    expect(await done(['unban', 'image', 'm-1'])).toBe('image m-1: was not banned\n')
    expect(await ban('forked')).toBe('image m-1: banned\n')
    expect(await ban('forked')).toBe('image m-1: was already banned, for the same reason\n')
    expect(await ban('worse')).toBe(
      'image m-1: was already banned; the reason is now "worse", and was "forked"\n',
    )
    expect(await done(['ban', 'instance', 'm-1', '--reason', 'x'])).toBe('instance m-1: banned\n')
    const json = JSON.parse(await done(['ban', 'image', 'm-1', '--reason', 'x', '--json']))
    expect(json).toMatchObject({ kind: 'image', was_banned: true })
    expect(await done(['unban', 'image', 'm-1'])).toBe(
      'image m-1: ban lifted; its reason was "x"\n',
    )
    expect(await done(['unban', 'image', 'm-1'])).toBe('image m-1: was not banned\n')
  })

  it('ban and lift also where the list of bans can’t be read', async () => {
    // A key that may write and not read.
    const noList = (): Response => problem('insufficient_scope', { scope: 'read' })
    service.troubles.push(noList)
    expect(await done(['ban', 'image', 'm-1', '--reason', 'x'])).toBe(
      'image m-1: banned (whether it was banned before is unknown)\n',
    )
    service.troubles.push(noList)
    expect(await done(['unban', 'image', 'm-1'])).toBe(
      'image m-1: not banned now (whether it was banned before is unknown)\n',
    )
    expect(await done(['bans'])).toBe('no bans\n')
    service.troubles.push(noList)
    const json = JSON.parse(await done(['ban', 'image', 'm-1', '--reason', 'x', '--json']))
    expect(json).not.toHaveProperty('was_banned')
  })

  it('ban, list and lift, as JSON, whatever the kind', async () => {
    const banned = { account: ACCOUNT, image: 'm-1', instance: ID }
    for (const [kind, value] of Object.entries(banned)) {
      const args = ['ban', kind, value, '--reason', 'why', '--operator', 'alice', '--json']
      expect(JSON.parse(await done(args))).toMatchObject({
        kind,
        value,
        banned_by: 'alice',
        banned_by_kid: expect.stringMatching(/^[\w-]{43}$/) as string,
      })
    }
    const listed = jsonLines(await done(['bans', '--json'])).map(({ value }) => value)
    expect(listed.toSorted()).toEqual(Object.values(banned).toSorted())
    expect(JSON.parse(await done(['unban', 'image', 'm-1', '--json']))).toEqual({
      kind: 'image',
      value: 'm-1',
      was_banned: true,
    })
    expect(jsonLines(await done(['bans', '--json']))).toHaveLength(2)
  })
})

describe('rollcall admin introspect', () => {
  it('tells what a token says, from standard input or a file', async () => {
    const token = await service.enroll(ID)
    const file = join(service.command.folder, 'token.jwt')
    writeFileSync(file, `${token}\n`)
    const shown = await done(['introspect', '--token-file', file])
    expect(shown).toMatch(/^active +true$/m)
    expect(shown).toMatch(/^exp +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/m)
    expect(shown).toContain(`"instance_id":"${ID}"`)
    const json = JSON.parse(await done(['introspect', '--json'], token)) as unknown
    expect(json).toMatchObject({ active: true, token_type: 'Bearer', jti: claimsOf(token)['jti'] })
    expect(await done(['introspect'], `${token.slice(0, -4)}AAAA`)).toBe('active  false\n')
  })
})

describe('rollcall admin revoke-token', () => {
  it('revokes a token by itself or by its jti, and no other', async () => {
    const [first, second, third] = [
      await service.enroll(ID),
      await service.enroll(ID),
      await service.enroll(ID),
    ]
    expect(await done(['revoke-token'], first)).toBe('the token is not active\n')
    const jti = String(claimsOf(second)['jti'])
    expect(await done(['revoke-token', `--jti=${jti}`, '--json'])).toBe('{"active":false}\n')
    expect(await done(['introspect', '--json'], first)).toBe('{"active":false}\n')
    expect(await done(['introspect', '--json'], second)).toBe('{"active":false}\n')
    expect(await done(['introspect', '--json'], third)).toMatch(/^\{"active":true/)
  })
})

describe('rollcall admin', () => {
  it('tells the service who the operator is, with a new token for each call', async () => {
    await service.enroll(ID)
    await done(['list', '--operator', 'alice@desk'])
    await done(['list'])
    expect(actions()).toEqual(['list', 'list'])
    expect(service.events[0]?.sub).toBe('alice@desk')
    expect(service.events[1]?.sub).toMatch(/^[!-~]+@[!-~]+$/)
    const jtis = service.requests.map(
      ({ headers }) => claimsOf(headers.get('Authorization')?.slice(7) ?? '')['jti'],
    )
    expect(new Set(jtis).size).toBe(2)
  })

  it('makes a token for its call alone: method and address, without the query', async () => {
    await done(['list', '--limit', '5'])
    await service.enroll(ID)
    await done(['reset', ...NAME])
    const bound = service.requests.map(({ headers }) =>
      claimsOf(headers.get('Authorization')?.slice(7) ?? ''),
    )
    const instances = `${service.url}/v1/admin/instances`
    expect(bound).toMatchObject([
      { htm: 'GET', htu: instances },
      { htm: 'POST', htu: `${instances}/${NAME.join('/')}/reset` },
    ])
  })

  it('goes by the name in its key file, and does what the key may do', async () => {
    const { file, name } = service.gateway
    const token = await service.enroll(ID)
    const as = ['--key', file]
    expect(await done(['introspect', '--json', ...as], token)).toMatch(/^\{"active":true/)
    expect(service.events.at(-1)).toMatchObject({
      sub: name,
      action: 'introspect',
      outcome: 'done',
    })

    const refused = await service.admin(['list', ...as])
    expect(refused).toMatchObject({ status: 4, stdout: '' })
    expect(refused.stderr).toContain('This call needs a key with the scope "read"')

    const renamed = await service.admin(['introspect', '--operator', 'alice', ...as], {
      stdin: token,
    })
    expect(renamed).toMatchObject({ status: 4, stdout: '' })
    expect(renamed.stderr).toContain('The key has a name in ROLLCALL_ADMIN_KEYS')
    expect(renamed.stderr).toContain('the operator must have that name; it is alice')
  })

  it('takes the service and the key from the environment, and a single JWK as key', async () => {
    const jwk = join(service.command.folder, 'jwk.json')
    const { readFileSync } = await import('node:fs')
    const { keys } = JSON.parse(readFileSync(service.keyFile, 'utf8')) as { keys: unknown[] }
    writeFileSync(jwk, JSON.stringify(keys[0]), { mode: 0o600 })
    const env = { ROLLCALL_ISSUER: service.url, ROLLCALL_ADMIN_KEY_FILE: jwk }
    const run = await service.command.run(['admin', 'list'], { env })
    expect(run).toEqual({ status: 0, stdout: 'no instances\n', stderr: '' })
  })
})
