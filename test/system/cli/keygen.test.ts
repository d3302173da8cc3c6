// `npm run keygen`, as a process.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { requireTool } from '../../support/requirements.ts'
import { ROOT } from '../../support/sources.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-keygen-'))
afterAll(() => rmSync(folder, { recursive: true }))

const keygen = async (...args: string[]) => {
  const command = ['--import', 'tsx', 'src/cli/keygen.ts', ...args]
  const options = { cwd: ROOT, env: cleanEnvironment() }
  return promisify(execFile)(process.execPath, command, options).then(
    ({ stdout, stderr }) => ({ status: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ ...error, status: error.code }),
  )
}

/** Prints the keys where a line of a shell sends them. */
const keygenTo = async (redirect: string, umask: string) => {
  const script = `umask ${umask}; "$0" --import tsx src/cli/keygen.ts ${redirect}`
  const options = { cwd: ROOT, env: cleanEnvironment() }
  return promisify(execFile)('sh', ['-c', script, process.execPath], options)
}

describe('keygen', () => {
  it('warns when it prints keys into a file that others can use', async () => {
    const file = join(folder, 'printed.json')
    const { stderr } = await keygenTo(`> ${file}`, '022')
    expect(stderr).toBe(
      'rollcall: warning: the private key is in a file that others can use (mode 0644); chmod 600 it, or use --out FILE\n',
    )
    await parseSigningKeys(readFileSync(file, 'utf8'))
    // A file of one's own, and a pipe, are fine.
    expect((await keygenTo(`> ${join(folder, 'own.json')}`, '077')).stderr).toBe('')
    expect((await keygenTo('| cat', '022')).stderr).toBe('')
  })

  it('warns when it prints keys to a terminal', async (context) => {
    const tool = requireTool(context, 'script', 'apt-get install bsdutils')
    const call = `${process.execPath} --import tsx src/cli/keygen.ts`
    const args = ['-qec', call, '/dev/null']
    const options = { cwd: ROOT, env: cleanEnvironment() }
    const { stdout } = await promisify(execFile)(tool, args, options)
    expect(stdout).toContain('warning: the private key is on your terminal; clear it')
  })

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
      expect(stderr).toMatch(alg === 'EdDSA' ? /Kubernetes refuses/ : /^$/)
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
    expect(help.stdout).toMatch(/Examples:[\s\S]*Exit status: 0 done, 2 usage or/)
    expect((await keygen('--algorithm', 'HS256')).status).toBe(2)
    expect((await keygen('--nope')).status).toBe(2)
    expect((await keygen('--out', '/nowhere/keys.json')).status).toBe(2)
  })
})
