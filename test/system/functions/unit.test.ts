// The unit for systemd that docs/deploy/node.md prints: taken by systemd, and its service started as it says.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type TestContext, afterAll, describe, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { POLICY } from '../../support/test-service.ts'
import { requireNode24 } from '../../support/node24.ts'
import { waitForEnd, waitForOutput } from '../../support/output.ts'
import { reservePort } from '../../support/ports.ts'
import { cleanEnvironment, startProcess } from '../../support/processes.ts'
import { requireTool } from '../../support/requirements.ts'
import { ROOT, readProjectFile } from '../../support/sources.ts'

/** The longest that the service takes to stop, in `src/node/serve-node.ts`. */
const STOP_SECONDS = 25
const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'rollcall-unit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const [, block = ''] =
  /^ {3}```ini\n([^]*?)^ {3}```$/m.exec(readProjectFile('docs/deploy/node.md')) ?? []
const unit = block.replaceAll(/^ {3}/gm, '')
const all = (name: string): string[] =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value)

describe('the unit', () => {
  it('is one that systemd takes', async (context) => {
    const tool = requireTool(context, 'systemd-analyze', 'apt-get install systemd')
    const file = join(folder, 'rollcall-server.service')
    // The command has to be there for it.
    writeFileSync(file, unit.replace('/usr/bin/node', process.execPath))
    const { stdout, stderr } = await run(tool, ['verify', '--man=no', file])
    expect(stdout + stderr).not.toContain('rollcall-server')
  })

  it('waits for a stop, and does not restart a service whose configuration is wrong', () => {
    expect(Number(all('TimeoutStopSec')[0])).toBeGreaterThan(STOP_SECONDS)
    expect(all('RestartPreventExitStatus')).toEqual(['2'])
  })

  it('starts the one file with its variables, its credentials and its folder, once the placeholder is replaced', async (context: TestContext) => {
    const node = await requireNode24(context)
    await run(process.execPath, ['--import', 'tsx', join(ROOT, 'functions/build.ts'), folder])
    writeFileSync(
      join(folder, 'signing-keys.json'),
      JSON.stringify(await generateSigningKeys('ES256')),
    )
    writeFileSync(join(folder, 'policy.json'), JSON.stringify(POLICY))
    const operators = await parseSigningKeys(await generateSigningKeys('ES256'))
    writeFileSync(join(folder, 'admin-keys.json'), JSON.stringify(operators.jwks))
    expect(all('LoadCredential')).toEqual(
      ['signing-keys.json', 'policy.json', 'admin-keys.json'].map(
        (name) => `${name}:/etc/rollcall/${name}`,
      ),
    )
    expect(all('ExecStart')).toEqual(['/usr/bin/node /opt/rollcall/node.mjs'])
    const variables = all('Environment').map((assignment) => {
      const [name = '', ...value] = assignment.split('=')
      return [name, value.join('=').replace('%d', folder).replace('/var/lib/rollcall', folder)]
    })
    const port = String(await reservePort())
    const sample = cleanEnvironment({ ...Object.fromEntries(variables), PORT: port })
    const refused = startProcess(node, [join(folder, 'node.mjs')], sample)
    expect(await waitForEnd(refused).finally(() => refused.stop())).toBe(2)
    expect(refused.output.stderr).toContain(
      'ROLLCALL_ISSUER: "https://rollcall.example" is a place',
    )

    const env = { ...sample, ROLLCALL_ISSUER: 'https://rollcall.test' }
    const server = startProcess(node, [join(folder, 'node.mjs')], env)
    try {
      await waitForOutput(server, 'stderr', 'listening')
      expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
      // 404 is the answer of a service without operators.
      expect((await fetch(`http://127.0.0.1:${port}/v1/admin/instances`)).status).toBe(401)
    } finally {
      expect(await server.stop()).toBe(0)
    }
  })
})
