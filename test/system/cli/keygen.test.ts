// `npm run keygen` as a process: what it says depends on where standard output leads.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
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

/** Prints the keys where a line of a shell sends them. */
const keygenTo = async (redirect: string, umask: string) => {
  const script = `umask ${umask}; "$0" --import tsx src/cli/keygen.ts ${redirect}`
  const options = { cwd: ROOT, env: cleanEnvironment() }
  return promisify(execFile)('sh', ['-c', script, process.execPath], options)
}

describe.concurrent('npm run keygen', () => {
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

  it('is `rollcall keygen`, with its help', async () => {
    const { stdout } = await keygenTo('--help', '022')
    expect(stdout).toContain('rollcall keygen --out signing-keys.json')
  })
})
