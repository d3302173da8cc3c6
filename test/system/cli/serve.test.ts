// `rollcall serve` as a process of its own: it is the one command that takes the process over.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { enrollBy, enrollLineOf } from '../../support/enroll-line.ts'
import { requireNode24 } from '../../support/node24.ts'
import { reservePort } from '../../support/ports.ts'
import { waitForOutput } from '../../support/output.ts'
import { type RunningProcess, startProcess, waitUntil } from '../../support/processes.ts'
import { requireTool } from '../../support/requirements.ts'
import { withPorts } from '../../support/runnable-fences.ts'
import { ROOT, readProjectFile } from '../../support/sources.ts'
import { claimsOf } from '../../support/test-enroller.ts'
import { POLICY } from '../../support/test-service.ts'

const COMMAND = join(ROOT, 'src/cli/rollcall.ts')
const folder = mkdtempSync(join(tmpdir(), 'rollcall-serve-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let running: RunningProcess[] = []
afterEach(async () => {
  await Promise.all(running.map(({ stop }) => stop()))
  running = []
})

const start = (
  args: readonly string[],
  env: Record<string, string> = {},
  node = process.execPath,
): RunningProcess => {
  const loader = import.meta.resolve('tsx')
  const started = startProcess(node, ['--import', loader, COMMAND, 'serve', ...args], env)
  running.push(started)
  return started
}

const ended = async ({ child, output }: RunningProcess): Promise<string> => {
  await waitUntil(() => child.exitCode !== null, { seconds: 20, what: 'the end of serve' })
  return output.stderr
}

describe('rollcall serve --dev', () => {
  it('prints a line that enrolls, needs no configuration, and shows no private key', async (context) => {
    requireTool(context, 'curl', 'apt-get install curl')
    const port = await reservePort()
    const service = start(['--dev', '--port', String(port), '--metadata-port', '0'])
    const { token, metadataUrl } = enrollBy(await enrollLineOf(service), folder)
    expect(claimsOf(token)).toMatchObject({ iss: `http://127.0.0.1:${port}`, role: 'worker' })
    await waitForOutput(service, 'stdout', /"event":"challenge".*\n.*"event":"enroll".*\n/)
    const { stdout, stderr } = service.output
    expect(stdout + stderr).not.toContain('"d":')
    expect(stderr.match(/warning/g)).toHaveLength(1)
    expect(await service.stop()).toBe(0)
    await expect(fetch(metadataUrl)).rejects.toThrow()
  })

  it.each(['docs/quick-start.md', 'README.zh-CN.md'])('prints what %s shows', async (page) => {
    const ports = { service: await reservePort(), metadata: await reservePort() }
    const [, block = ''] =
      /^```\n(rollcall: listening on [^]*?)^```$/m.exec(readProjectFile(page)) ?? []
    const [shown] = withPorts([{ line: 1, script: block }], ports)
    const args = ['--dev', '--port', `${ports.service}`, '--metadata-port', `${ports.metadata}`]
    const service = start(args)
    await enrollLineOf(service)
    expect(service.output.stderr.trimEnd()).toBe(shown?.script.trimEnd())
  })

  it('uses the variables that are set: here a ledger in SQLite', async (context) => {
    requireTool(context, 'curl', 'apt-get install curl')
    const node = await requireNode24(context)
    const env = { ROLLCALL_LEDGER: `sqlite:${join(folder, 'trial.db')}` }
    const args = ['--dev', '--port', String(await reservePort()), '--metadata-port', '0']
    const service = start(args, env, node)
    const line = await enrollLineOf(service)
    expect(enrollBy(line, folder).token).toMatch(/^eyJ/)
  })

  it('names the port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const metadata = start([
      '--dev',
      '--metadata-port',
      String(port),
      '--port',
      String(await reservePort()),
    ])
    expect(await ended(metadata)).toBe(
      `rollcall: port ${port} of the emulated metadata service is taken; choose another with --metadata-port\n`,
    )
    const service = start(['--dev', '--metadata-port', '0', '--port', String(port)])
    expect(await ended(service)).toContain(`port ${port} is taken`)
    expect([metadata.child.exitCode, service.child.exitCode]).toEqual([2, 2])
    other.close()
  })
})

describe('rollcall serve', () => {
  it('runs the service that the environment configures', async () => {
    const keys = join(folder, 'keys.json')
    writeFileSync(keys, JSON.stringify(await generateSigningKeys('ES256')))
    const port = await reservePort()
    const issuer = `http://127.0.0.1:${port}`
    const service = start([], {
      ROLLCALL_ISSUER: issuer,
      ROLLCALL_SIGNING_KEYS_FILE: keys,
      ROLLCALL_POLICY: JSON.stringify(POLICY),
      ROLLCALL_LEDGER: 'memory:',
      PORT: String(port),
    })
    await waitForOutput(service, 'stderr', 'listening on')
    const answer = await fetch(`${issuer}/v1/challenge`, { method: 'POST' })
    expect(answer.status).toBe(200)
    expect(await service.stop()).toBe(0)
  })

  it('reports every problem of the configuration at once, with exit status 2', async () => {
    const service = start([])
    const stderr = await ended(service)
    for (const name of ['ISSUER', 'SIGNING_KEYS', 'POLICY', 'LEDGER']) {
      expect(stderr).toContain(`ROLLCALL_${name}: `)
    }
    expect(service.child.exitCode).toBe(2)
  })

  it('refuses --metadata-port without --dev', async () => {
    const service = start(['--metadata-port', '0'])
    expect(await ended(service)).toBe('rollcall: --metadata-port belongs to --dev\n')
    expect(service.child.exitCode).toBe(2)
  })
})
