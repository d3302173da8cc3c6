// `--help` of everything, and `rollcall admin keygen`.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseOperatorKeys } from '../../../../src/token/operator-keys.ts'
import { parseRelyingPartyKeys } from '../../../../src/token/relying-party-keys.ts'
import { parseSigningKeys } from '../../../../src/token/signing-keys.ts'
import { readProjectFile } from '../../../support/sources.ts'
import { type RollcallCommand, createCommand } from '../../../support/command.ts'

const SUBCOMMANDS = [
  'list',
  'show',
  'reset',
  'revoke',
  'forget',
  'bans',
  'ban',
  'unban',
  'introspect',
  'revoke-token',
  'prune',
  'keygen',
]

let command: RollcallCommand
beforeAll(async () => {
  command = createCommand()
})
afterAll(() => command.remove())

describe('rollcall', () => {
  it('tells its version and its subcommands', async () => {
    const { version } = JSON.parse(readProjectFile('package.json')) as { version: string }
    expect(await command.run(['--version'])).toEqual({
      status: 0,
      stdout: `${version}\n`,
      stderr: '',
    })
    const { status, stdout } = await command.run(['--help'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^ {2}admin /m)
    expect((await command.run([])).status).toBe(2)
    expect((await command.run(['nope'])).status).toBe(2)
  })
})

describe('rollcall admin --help', () => {
  it('tells all subcommands and exit statuses', async () => {
    const { status, stdout, stderr } = await command.run(['admin', '--help'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const name of SUBCOMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'))
    expect((await command.run(['admin'])).status).toBe(2)
  })

  it.each(SUBCOMMANDS)('has examples and exit statuses for %s', async (name) => {
    const { status, stdout, stderr } = await command.run(['admin', name, '--help'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`\nExamples:\n(?: .*\n)* .*rollcall admin ${name}`))
    expect(stdout).toMatch(/Exit status: 0 done, 2 usage [^]* 6\s+stopped\s+midway\.\n$/)
    expect(stdout).toContain('--json')
    const long = stdout.split('\n').filter((line) => line.length > 100)
    expect(long).toEqual([])
  })
})

describe('rollcall admin keygen', () => {
  it.each(['ES256', 'RS256', 'EdDSA'])(
    'makes a key for %s: private in a file, public on standard output',
    async (algorithm) => {
      const file = `${algorithm}.json`
      const args = ['admin', 'keygen', '--out', file, '--algorithm', algorithm]
      const { status, stdout, stderr } = await command.run(args)
      expect(status).toBe(0)
      expect(stderr).toContain('ROLLCALL_ADMIN_KEYS')
      const path = join(command.folder, file)
      expect(statSync(path).mode & 0o777).toBe(0o600)
      const before = readFileSync(path, 'utf8')
      const { signer, secrets } = await parseSigningKeys(before)
      const [key, ...others] = await parseOperatorKeys(stdout)
      expect(others).toEqual([])
      expect(key?.thumbprint).toBe(signer.kid)
      expect(key?.algorithm.alg).toBe(algorithm)
      expect(secrets).toHaveLength(1)
      const { d } = (JSON.parse(before) as { keys: [{ d: string }] }).keys[0]
      expect(stdout + stderr).not.toContain(d)

      const again = await command.run(args)
      expect(again).toMatchObject({ status: 2, stdout: '' })
      expect(again.stderr).toContain('exists already; keys are never overwritten')
      expect(readFileSync(path, 'utf8')).toBe(before)
    },
  )

  it('writes the name and the scope of the key to both halves', async () => {
    const args = ['admin', 'keygen', '--out', 'named.json', '--name', 'gateway']
    const { status, stdout } = await command.run([...args, '--scope', 'introspect,read'])
    expect(status).toBe(0)
    const [key] = await parseOperatorKeys(stdout)
    expect(key).toMatchObject({ name: 'gateway', scope: ['read', 'introspect'] })
    const file = readFileSync(join(command.folder, 'named.json'), 'utf8')
    expect(JSON.parse(file)).toMatchObject({
      keys: [{ name: 'gateway', scope: ['read', 'introspect'] }],
    })
  })

  it('makes the key of a relying party with its audiences, and names its variable', async () => {
    const args = ['admin', 'keygen', '--out', 'party.json', '--name', 'vault']
    const run = await command.run([...args, '--audiences', 'https://vault.example,cluster'])
    expect(run.status).toBe(0)
    expect(run.stderr).toContain('to ROLLCALL_RELYING_PARTY_KEYS of the service')
    const keys = await parseRelyingPartyKeys(run.stdout)
    expect(keys).toMatchObject([{ name: 'vault', audiences: ['https://vault.example', 'cluster'] }])
  })

  it.each([
    ['no name', ['--audiences', 'cluster'], 'add --name NAME'],
    [
      'scopes',
      ['--audiences', 'cluster', '--name', 'vault', '--scope', 'read'],
      'leave --scope out',
    ],
  ])('refuses the key of a relying party with %s', async (_, args, message) => {
    const run = await command.run(['admin', 'keygen', '--out', 'no.json', ...args])
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(message)
    expect(existsSync(join(command.folder, 'no.json'))).toBe(false)
  })

  it.each([
    ['--audiences', 'a,a', 'each at most once'],
    ['--audiences', 'a,', 'Expected audiences of the policy'],
    ['--name', 'a b', 'Expected 1 to 128 characters of ASCII, no spaces'],
    ['--name', '', 'Expected 1 to 128 characters'],
    ['--scope', 'admin', 'Expected read, write, introspect'],
    ['--scope', 'read,read', 'each at most once'],
    ['--scope', 'read write', 'with commas between them'],
    ['--scope', '', 'Expected read, write, introspect'],
  ])('refuses %s %j and makes no key', async (option, value, message) => {
    const run = await command.run(['admin', 'keygen', '--out', 'no.json', option, value])
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(message)
    expect(existsSync(join(command.folder, 'no.json'))).toBe(false)
  })
})
