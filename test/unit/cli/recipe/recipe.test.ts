// `rollcall recipe`: what it prints and writes, and how it fails.

import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { RECIPES } from '../../../../src/cli/recipe/recipes/index.ts'
import { BEHIND_PROXY, recipeFiles } from '../../../generate/recipes.ts'
import { createCommand } from '../../../support/command.ts'

const command = createCommand()
const { folder } = command
afterAll(() => command.remove())

const VALUES = [
  '--issuer',
  'https://rollcall.example',
  '--audience',
  'https://app.example',
] as const
const recipe = (...args: string[]) => command.run(['recipe', ...args])
const nginx = (...args: string[]) => recipe('nginx', ...VALUES, '--role', 'worker', ...args)

describe('rollcall recipe', () => {
  it('lists every recipe on one line, with what the tests start', async () => {
    const { status, stdout } = await recipe()
    expect(status).toBe(0)
    const lines = stdout.trimEnd().split('\n').slice(1)
    expect(lines.map((line) => line.split(' ')[0])).toEqual(RECIPES.map(({ name }) => name))
    expect(lines.find((line) => line.startsWith('nginx '))).toMatch(/nginx 1\.22 +nginx with auth/)
    expect(lines.find((line) => line.startsWith('envoy '))).toMatch(/not run +Envoy with ext_authz/)
    expect(lines.find((line) => line.startsWith('consul '))).toMatch(/by hand: Consul 1\.8\.7 on /)
  })

  it('lists them as JSON, with the source of those that were not run', async () => {
    const rows = JSON.parse((await recipe('--json')).stdout) as Record<string, unknown>[]
    expect(rows.find(({ name }) => name === 'nginx')).toEqual({
      name: 'nginx',
      title: 'nginx with auth_request',
      run: 'nginx 1.22',
      ban: 'is refused at its next request',
    })
    expect(rows.find(({ name }) => name === 'envoy')).toMatchObject({ run: null, by_hand: null })
    expect(rows.find(({ name }) => name === 'vault')).toMatchObject({
      run: null,
      by_hand: expect.stringMatching(/^Vault \d/) as string,
      source: expect.stringContaining('openbao.org') as string,
    })
  })

  it('prints a recipe: first whether it was run, then the steps, then each file', async () => {
    const { status, stdout, stderr } = await nginx()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const files = recipeFiles('nginx', BEHIND_PROXY)
    expect(stdout).toMatch(/^# nginx with auth_request\. Tested with nginx 1\.22\.\n/)
    for (const { path, text } of files) expect(stdout).toContain(`\n# file: ${path}\n\n${text}`)
    const head = stdout.slice(0, stdout.indexOf('\n# file: '))
    expect(
      head
        .trimEnd()
        .split('\n')
        .every((line) => line.startsWith('# ')),
    ).toBe(true)
  })

  it('says in the first line that a recipe was not run, or by hand only, and after which source', async () => {
    const first = async (name: string) =>
      (await recipe(name, ...VALUES, '--role', 'worker')).stdout.split('\n')[0]
    expect(await first('envoy')).toMatch(
      /^# Envoy with ext_authz\. Not run\. Written from .*Envoy 1\.38\)\.$/,
    )
    expect(await first('consul')).toMatch(
      /^# Consul with auto_config\. Run by hand with Consul 1\.8\.7 on 2026-11-27, not by the tests\. Written from .*Consul 1\.21\.$/,
    )
  })

  it('takes the issuer from ROLLCALL_ISSUER, and a role, account and region several times', async () => {
    const args = [
      'recipe',
      'caddy',
      '--audience',
      'https://app.example',
      '--role',
      'a',
      '--role',
      'b',
    ]
    const more = ['--account', '1', '--account', '2', '--region', 'cn-hangzhou,cn-beijing']
    const env = { ROLLCALL_ISSUER: 'https://env.example' }
    const { stdout } = await command.run([...args, ...more], { env })
    expect(stdout).toContain('forward_auth https://env.example {')
    expect(stdout).toContain('&role=a,b&account=1,2&region=cn-hangzhou,cn-beijing\n')
  })

  it('prints one JSON document', async () => {
    const printed = JSON.parse((await nginx('--json')).stdout) as Record<string, unknown>
    expect(printed).toMatchObject({
      name: 'nginx',
      run: 'nginx 1.22',
      files: recipeFiles('nginx', BEHIND_PROXY),
      steps: expect.arrayContaining(['nginx -t && systemctl reload nginx']) as string[],
    })
  })

  it('writes the files below a folder, a script executable', async () => {
    const { status, stdout } = await nginx('--out', 'written')
    expect(status).toBe(0)
    for (const { path, text, language } of recipeFiles('nginx', BEHIND_PROXY)) {
      const file = join(folder, 'written', path)
      expect(readFileSync(file, 'utf8')).toBe(text)
      expect((statSync(file).mode & 0o100) !== 0).toBe(language === 'sh')
      expect(stdout).toContain(`# wrote ${join('written', path)}\n`)
    }
  })

  it('writes nothing if one of the files exists', async () => {
    mkdirSync(join(folder, 'taken'))
    writeFileSync(join(folder, 'taken/make-proxy-secret.sh'), 'mine')
    const { status, stdout, stderr } = await nginx('--out', 'taken')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toBe(
      'rollcall: --out: taken/make-proxy-secret.sh exists already; remove it first\n',
    )
    expect(readdirSync(join(folder, 'taken'))).toEqual(['make-proxy-secret.sh'])
    expect(readFileSync(join(folder, 'taken/make-proxy-secret.sh'), 'utf8')).toBe('mine')
  })

  it('leaves no file if the folder cannot be written', async () => {
    writeFileSync(join(folder, 'a-file'), '')
    const { status, stderr } = await nginx('--out', 'a-file')
    expect(status).toBe(2)
    expect(stderr).toMatch(/^rollcall: --out: cannot write a-file\/.+ \(ENOTDIR|EEXIST\)\n$/)
  })

  it.each<[readonly string[], string]>([
    [['nginx'], '--issuer is missing: give https://HOST of rollcall'],
    [['nginx', ...VALUES], '--role is missing: which role may enter?'],
    [
      ['pyjwt', ...VALUES, '--role', 'a', '--upstream', 'a:1'],
      '--upstream is no option of pyjwt; it has none of its own',
    ],
    [
      ['alibaba-ram', ...VALUES, '--role', 'a'],
      '--ram-account is missing: expected the number of an account',
    ],
    [
      ['alibaba-ram', ...VALUES, '--role', 'a', '--role', 'b', '--account', '1'],
      '--role: alibaba-ram admits one role; expected --role once',
    ],
  ])('ends with 2 and prints nothing for %j', async (args, message) => {
    const { status, stdout, stderr } = await recipe(...args)
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: `rollcall: ${message}\n`,
    })
  })

  it('refuses an unknown name, and a value that a format cannot hold', async () => {
    expect((await recipe('nginxx')).stderr).toMatch(/Allowed choices are nginx, /)
    const { status, stderr } = await recipe(
      'alibaba-ram',
      '--issuer',
      'https://a.example',
      '--audience',
      'a b',
      '--role',
      'a',
      '--account',
      '1',
      '--out',
      'none',
    )
    expect(status).toBe(2)
    expect(stderr).toMatch(/^rollcall: --audience: "a b": expected printable ASCII/)
    expect(existsSync(join(folder, 'none'))).toBe(false)
  })

  it('completes names of recipes', async () => {
    const { stdout } = await command.run(['complete', '--', 'recipe', 'ali'])
    expect(stdout).toMatch(/^alibaba-ram\t/)
  })
})
