// `rollcall keygen`: the signing keys of a service. What depends on where standard output leads is in
// test/system/cli.

import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { createCommand } from '../../support/command.ts'

const command = createCommand()
const { folder } = command
afterAll(() => command.remove())

const keygen = (...args: string[]) => command.run(['keygen', ...args])

describe('rollcall keygen', () => {
  it('has no example that sends keys to a file of whatever mode', async () => {
    const { stdout } = await keygen('--help')
    expect(stdout).not.toMatch(/> *signing-keys/)
    expect(stdout).toContain('--out signing-keys.json')
  })

  it.each(['ES256', 'RS256', 'EdDSA'])(
    'prints a key set for %s that the service takes',
    async (alg) => {
      const { status, stdout, stderr } = await keygen('--algorithm', alg)
      expect(status).toBe(0)
      expect((await parseSigningKeys(stdout)).signer.algorithm.alg).toBe(alg)
      expect(stderr).toMatch(alg === 'EdDSA' ? /Kubernetes rejects/ : /^$/)
    },
  )

  it('writes a file that only its owner can read, and never overwrites one', async () => {
    const file = join(folder, 'keys.json')
    expect(await keygen('--out', file)).toMatchObject({ status: 0, stdout: '' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const before = readFileSync(file, 'utf8')
    await parseSigningKeys(before)
    const again = await keygen('--out', file)
    expect(again.status).toBe(2)
    expect(again.stderr).toMatch(/exists already; keys are never overwritten/)
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it('adds a line to a file of variables, once', async () => {
    const file = join(folder, '.dev.vars')
    expect(await keygen('--dev-vars', file)).toMatchObject({ status: 0, stdout: '' })
    const [, json] = /^ROLLCALL_SIGNING_KEYS='(.*)'$/m.exec(readFileSync(file, 'utf8')) ?? []
    await parseSigningKeys(json)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect((await keygen('--dev-vars', file)).status).toBe(2)
  })

  it('adds the line behind others, where links still lead to the file, which only its owner can read then', async () => {
    const target = join(folder, 'shared.vars')
    const file = join(folder, 'link.vars')
    writeFileSync(target, '# of the team\nexport A="x\ny"', { mode: 0o644 })
    symlinkSync(target, file)
    expect((await keygen('--dev-vars', file)).status).toBe(0)
    expect(readFileSync(target, 'utf8')).toMatch(
      /^# of the team\nexport A="x\ny"\nROLLCALL_SIGNING_KEYS='.*'\n$/,
    )
    expect(lstatSync(file).isSymbolicLink()).toBe(true)
    expect(statSync(target).mode & 0o777).toBe(0o600)
  })

  it('adds no line to a file of something else, and then makes no other file either', async () => {
    const file = join(folder, 'other')
    const out = join(folder, 'not-made.json')
    for (const [bytes, message] of [
      [Buffer.from('{"keys":[]}\n'), 'other is no file of variables, NAME=value'],
      [Buffer.from('# a page\n\nSome text = more\n'), 'is no file of variables'],
      [Buffer.from([0x41, 0x3d, 0xff, 0xfe]), 'other is not UTF-8'],
      [Buffer.alloc(1_048_577, 'A='), 'other is too long; expected at most 1048576 bytes'],
    ] as const) {
      writeFileSync(file, bytes)
      const run = await keygen('--dev-vars', file, '--out', out)
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toContain(message)
      expect(readFileSync(file).equals(bytes)).toBe(true)
    }
    execFileSync('mkfifo', [join(folder, 'pipe')])
    for (const path of [folder, '/dev/zero', join(folder, 'pipe')]) {
      const run = await keygen('--dev-vars', path, '--out', out)
      expect(run.stderr).toContain(`--dev-vars: ${path} is a folder, a device or a pipe`)
      expect(run.status).toBe(2)
    }
    expect(existsSync(out)).toBe(false)
  })

  it('writes no key through a link, also if it leads nowhere', async () => {
    symlinkSync(join(folder, 'nowhere'), join(folder, 'planted.json'))
    for (const call of [['keygen'], ['admin', 'keygen']]) {
      const run = await command.run([...call, '--out', 'planted.json'])
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toContain('planted.json exists already; keys are never overwritten')
    }
    expect(existsSync(join(folder, 'nowhere'))).toBe(false)
  })

  it('has help that is enough to start, and ends with 2 on what it does not know', async () => {
    const help = await keygen('--help')
    expect(help.status).toBe(0)
    expect(help.stdout).toMatch(/Examples:[\s\S]*Exit status: 0 done, 2 usage, or/)
    expect((await keygen('--algorithm', 'HS256')).status).toBe(2)
    expect((await keygen('--nope')).status).toBe(2)
    expect((await keygen('--out', '/nowhere/keys.json')).status).toBe(2)
  })
})
