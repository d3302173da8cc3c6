// `rollcall keygen`: the signing keys of a service. What depends on where standard output leads is in
// test/system/cli.

import { readFileSync, statSync } from 'node:fs'
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

  it('has help that is enough to start, and ends with 2 on what it does not know', async () => {
    const help = await keygen('--help')
    expect(help.status).toBe(0)
    expect(help.stdout).toMatch(/Examples:[\s\S]*Exit status: 0 done, 2 usage, or/)
    expect((await keygen('--algorithm', 'HS256')).status).toBe(2)
    expect((await keygen('--nope')).status).toBe(2)
    expect((await keygen('--out', '/nowhere/keys.json')).status).toBe(2)
  })
})
