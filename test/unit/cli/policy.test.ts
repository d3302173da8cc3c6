// `rollcall policy check`.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DOCUMENT_FIELDS, documentText } from '../../support/test-cloud.ts'
import { type RollcallCommand, type Run, createCommand } from '../../support/command.ts'

const ACCOUNT = DOCUMENT_FIELDS['owner-account-id'] as string
const REGION = DOCUMENT_FIELDS['region-id'] as string

const role = (match: object, more: object = {}): object => ({
  match,
  token: { audience: ['https://cluster.example'] },
  reenrollment: 'always',
  ...more,
})

let command: RollcallCommand
beforeAll(async () => {
  command = createCommand()
  writeFileSync(join(command.folder, 'document.json'), `${documentText()}\n`)
})
afterAll(() => command.remove())

const check = (policy: unknown, ...args: string[]): Promise<Run> => {
  const text = typeof policy === 'string' ? policy : JSON.stringify(policy)
  writeFileSync(join(command.folder, 'policy.json'), text)
  return command.run(['policy', 'check', 'policy.json', ...args])
}

const TWO = {
  roles: {
    master: role({ owner_account_id: [ACCOUNT], region_id: ['eu-*'] }),
    worker: role({ owner_account_id: [ACCOUNT], region_id: [REGION] }),
    guest: role({ owner_account_id: ['1'] }),
  },
}

describe('rollcall policy check', () => {
  it('names the roles of a good policy', async () => {
    const { status, stdout, stderr } = await check(TWO)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^policy.json: valid, roles master, worker, guest\n/)
    expect(JSON.parse((await check(TWO, '--json')).stdout)).toMatchObject({
      valid: true,
      problems: [],
      warnings: [],
      roles: ['master', 'worker', 'guest'],
    })
  })

  it('says of each role how an instance renews its token', async () => {
    const of = (reenrollment: string, account: string): object =>
      role(
        { owner_account_id: [account] },
        // No audience has both bound and unbound tokens.
        { reenrollment, token: { audience: [`https://${reenrollment}.example`] } },
      )
    const policy = {
      roles: {
        once: of('never', '1'),
        deploy: of('new_image', '2'),
        node: of('same_key', '3'),
        any: of('always', '4'),
      },
    }
    const { stdout, stderr } = await check(policy)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^ROLE +REENROLLMENT +TOKEN +RENEWAL$/m)
    expect(stdout).toMatch(/^once +never +300 s +one token only; then an operator must reset/m)
    expect(stdout).toMatch(/^deploy +new_image +300 s +not before the image id changes/m)
    expect(stdout).toMatch(/^node +same_key +300 s +with the key of the first enrollment/m)
    expect(stdout).toMatch(/^any +always +300 s +at any time, with fresh evidence$/m)
    const { renewal } = JSON.parse((await check(policy, '--json')).stdout) as {
      renewal: readonly object[]
    }
    expect(renewal[0]).toEqual({
      role: 'once',
      reenrollment: 'never',
      renewable: false,
      meaning: 'one token only; then an operator must reset the instance',
      lifetime_seconds: 300,
    })
    expect(renewal).toMatchObject([
      {},
      { renewable: false },
      { renewable: true },
      { renewable: true },
    ])
  })

  it('says of the tokens of each role, and of each exchange, whether they are bound to a key', async () => {
    const token = (audience: string): object => ({ token: { audience: [audience] } })
    const policy = {
      roles: {
        node: role(
          { owner_account_id: ['1'] },
          {
            ...token('https://rollcall.example'),
            reenrollment: 'same_key',
            exchange: [
              { audience: 'https://vault.example', binding: 'none', lifetime_seconds: 600 },
              { audience: 'https://mesh.example', binding: 'dpop' },
            ],
          },
        ),
        guest: role({ owner_account_id: ['2'] }, token('https://guest.example')),
      },
    }
    const { stdout, stderr } = await check(policy)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^ROLE +AUDIENCE +BY +TOKEN +BOUND TO A KEY$/m)
    expect(stdout).toMatch(/^node +https:\/\/rollcall.example +enrollment +300 s +always; a thief/m)
    expect(stdout).toMatch(
      /^node +https:\/\/vault.example +exchange +300 s +never: a bearer token/m,
    )
    expect(stdout).toMatch(/^node +https:\/\/mesh.example +exchange +120 s +always, to the key/m)
    expect(stdout).toMatch(
      /^guest +https:\/\/guest.example +enrollment +300 s +if the client proves a key; a service that accepts bearer tokens/m,
    )
    const { tokens } = JSON.parse((await check(policy, '--json')).stdout) as { tokens: object[] }
    expect(tokens[1]).toEqual({
      role: 'node',
      by: 'exchange',
      audience: ['https://vault.example'],
      bound: 'never',
      meaning: 'never: a bearer token, for this audience alone',
      lifetime_seconds: 300,
    })
    expect(tokens).toMatchObject([
      { bound: 'always' },
      {},
      { bound: 'always' },
      { bound: 'if_proved' },
    ])
  })

  it('rejects an audience that gets both bound and unbound tokens', async () => {
    const policy = {
      roles: {
        node: role({ owner_account_id: ['1'] }, { binding: 'dpop' }),
        guest: role({ owner_account_id: ['2'] }),
      },
    }
    const { status, stdout } = await check(policy)
    expect(status).toBe(1)
    expect(stdout).toContain(
      'roles.guest.token.audience.0: gives "https://cluster.example" unbound',
    )
  })

  it('warns of roles with different rules that one instance can match, and takes the policy', async () => {
    const match = { owner_account_id: [ACCOUNT] }
    const mixed = {
      roles: {
        a: role(match),
        b: role(match, { reenrollment: 'same_key', token: { audience: ['https://mesh.example'] } }),
      },
    }
    const { status, stderr } = await check(mixed)
    expect(status).toBe(0)
    expect(stderr).toMatch(
      /^rollcall: warning: roles a \(always\) and b \(same_key\): one instance/,
    )
  })

  it('says that the two files are swapped when the policy is an identity document', async () => {
    const args = ['policy', 'check', 'document.json', '--document', 'policy.json']
    const { status, stdout, stderr } = await command.run(args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain('document.json is an identity document; name the policy first')
  })

  it('says which key is there twice, and where', async () => {
    const text = `{"roles": {\n  "worker": {},\n  "worker": {}\n}}`
    const { status, stdout } = await command.run(['policy', 'check', '-'], { stdin: text })
    expect(status).toBe(1)
    expect(stdout).toContain('-: 1 problem\n')
    expect(stdout).toContain('line 3, column 3: the key "worker" occurs twice; remove one')
  })

  it('tells every problem at once, with its path', async () => {
    const bad = { roles: { worker: role({ region_id: [] }, { reenrollment: 'often', extra: 1 }) } }
    const { status, stdout } = await check(bad)
    expect(status).toBe(1)
    expect(stdout).toMatch(/^policy.json: 4 problems\n/)
    expect(stdout).toMatch(/^ {2}roles.worker.match.owner_account_id: required.*any customer/m)
    expect(stdout).toMatch(/^ {2}roles.worker.match.region_id: expected at least one value$/m)
    expect(stdout).toMatch(/^ {2}roles.worker.reenrollment: expected one of "always"/m)
    expect(stdout).toMatch(/^ {2}roles.worker.extra: unknown name; expected one of match, token, /m)
    const printed = JSON.parse((await check(bad, '--json')).stdout) as { problems: string[] }
    expect(printed).toMatchObject({ valid: false })
    expect(printed.problems).toHaveLength(4)
  })

  it.each([
    ['{"roles":\n  {"a": }}', 'line 2, column 9: expected JSON'],
    ['{"roles":\n  {', 'line 2, column 4: expected JSON'],
    ['', 'line 1, column 1: expected JSON'],
  ])('says where %j stops being JSON', async (text, message) => {
    const { status, stdout } = await check(text)
    expect(status).toBe(1)
    expect(stdout).toContain(message)
  })

  it('refuses a key that is there twice', async () => {
    expect((await check('{"roles":{},"roles":{}}')).stdout).toContain(
      'the key "roles" occurs twice',
    )
  })
})

describe('rollcall policy check --document', () => {
  const tried = (policy: unknown, ...args: string[]): Promise<Run> =>
    check(policy, '--document', 'document.json', ...args)

  it('says which role the instance gets, and why not the ones before', async () => {
    const { status, stdout, stderr } = await tried(TWO)
    expect(status).toBe(0)
    expect(stdout).toMatch(/^admitted: i-\S+ of account \d+ gets the role worker\n/)
    expect(stdout).toMatch(new RegExp(`^master +no +region_id +${REGION} +eu-\\*$`, 'm'))
    expect(stdout).toMatch(/^worker +yes +- +- +-$/m)
    expect(stdout).toMatch(new RegExp(`^guest +no +owner_account_id +${ACCOUNT} +1$`, 'm'))
    expect(stderr).toContain('can still refuse it')
  })

  it('says which rule and field refuse', async () => {
    const { status, stdout } = await tried(TWO, '--role', 'master')
    expect(status).toBe(1)
    expect(stdout).toMatch(/^refused: i-\S+ of account \d+: role_not_matched, /)
    expect(stdout).toContain('rule: roles.master.match.region_id')
    expect(stdout).not.toMatch(/^worker/m)
    const json = JSON.parse((await tried(TWO, '--role', 'master', '--json')).stdout) as object
    expect(json).toMatchObject({
      valid: true,
      decision: {
        admitted: false,
        reason: 'role_not_matched',
        rule: 'roles.master.match.region_id',
        field: 'region_id',
        roles: [{ role: 'master', found: REGION, allowed: ['eu-*'] }],
      },
    })
  })

  it('tells an account that no role names from a role that does not exist', async () => {
    const stranger = { roles: { guest: role({ owner_account_id: ['1'] }) } }
    expect((await tried(stranger)).stdout).toContain('account_not_allowed')
    expect((await tried(stranger, '--role', 'nobody')).stdout).toContain('role_unknown')
  })

  it('takes the document from standard input', async () => {
    writeFileSync(join(command.folder, 'policy.json'), JSON.stringify(TWO))
    const args = ['policy', 'check', 'policy.json', '--document', '-']
    expect((await command.run(args, { stdin: documentText() })).status).toBe(0)
  })

  it.each([
    [['--role', 'worker'], '--role needs --document'],
    [['--document', 'document.json', '--role', 'X'], '--role: expected a name like'],
    [['--document', 'policy.json'], 'policy.json: expected a string in the document; save'],
    [['--document', 'no-such'], 'cannot read no-such'],
  ])('refuses %j with exit status 2', async (args, message) => {
    const { status, stdout, stderr } = await check(TWO, ...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })
})
