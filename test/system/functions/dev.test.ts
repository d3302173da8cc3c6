// `npm run dev`: the Worker on the port that was asked for, or not at all.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { enrollBy, enrollLineOf } from '../../support/enroll-line.ts'
import { reservePort } from '../../support/ports.ts'
import { cleanEnvironment, startProcess } from '../../support/processes.ts'
import { requireTool } from '../../support/requirements.ts'
import { serviceOf } from '../../support/start-service.ts'
import { claimsOf } from '../../support/test-enroller.ts'
import { ROOT, readProjectFile } from '../../support/sources.ts'

const DEV = join(ROOT, 'functions/dev.ts')
const LOADER = import.meta.resolve('tsx')
const folder = mkdtempSync(join(tmpdir(), 'rollcall-dev-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const dev = (...args: readonly string[]) =>
  new Promise<{ status: unknown; stdout: string; stderr: string }>((resolve) => {
    const options = { cwd: ROOT, env: cleanEnvironment({ NO_COLOR: '1' }) }
    execFile(
      process.execPath,
      ['--import', LOADER, DEV, ...args],
      options,
      (error, stdout, stderr) =>
        resolve({ status: error === null ? 0 : error.code, stdout, stderr }),
    )
  })

it('`npm run dev` runs it', () => {
  const { scripts } = JSON.parse(readProjectFile('package.json')) as {
    scripts: Record<string, string>
  }
  expect(scripts['dev']).toBe('node --import tsx functions/dev.ts')
})

it.each(['127.0.0.1', '::1', '::'])(
  'ends with status 2 and names the port and the issuer when the port is taken on %s',
  async (host) => {
    const other = createServer().listen(0, host)
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    for (const args of [[`--port=${port}`], ['--env', 'staging', '--port', String(port)]]) {
      const { status, stdout, stderr } = await dev(...args)
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toContain(
        `port ${port} is taken; choose another with \`npm run dev -- --port N\`, and with a .dev.vars`,
      )
    }
    other.close()
  },
)

it.each(['x', '0', '65536', ''])('refuses the port %j', async (port) => {
  const { status, stderr } = await dev(`--port=${port}`)
  expect(status).toBe(2)
  expect(stderr).toBe(`rollcall: --port: "${port}" is not a port; write a number from 1 to 65535\n`)
})

it('starts the Worker on the port that was asked for, passes arguments on, and stops with it', async () => {
  const [port, inspector] = [await reservePort(), await reservePort()]
  const envFile = join(folder, 'variables.env')
  writeFileSync(envFile, `ROLLCALL_ISSUER=http://localhost:${port}\n`)
  const args = [`--port=${port}`, `--inspector-port=${inspector}`, `--env-file=${envFile}`]
  const started = startProcess(
    process.execPath,
    ['--import', LOADER, DEV, ...args, `--persist-to=${join(folder, 'state')}`],
    { WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false', NO_COLOR: '1' },
  )
  const service = await serviceOf(`http://127.0.0.1:${port}`, started)
  // Without keys and a policy it answers, and says what is missing.
  expect((await fetch(`${service.url}/healthz`)).status).toBe(503)
  await service.stop()
  expect(service.output()).not.toContain('ROLLCALL_ISSUER: required')
  await expect(fetch(`${service.url}/healthz`)).rejects.toThrow()
})

it('starts a trial that an emulated instance enrolls at by the line that it prints, and stops with it', async (context) => {
  if (existsSync(join(ROOT, '.dev.vars')))
    context.skip('.dev.vars configures the Worker: remove it')
  requireTool(context, 'curl', 'apt-get install curl')
  const [port, inspector] = [await reservePort(), await reservePort()]
  const args = [`--port=${port}`, `--inspector-port=${inspector}`, '--metadata-port', '0']
  const running = startProcess(process.execPath, ['--import', LOADER, DEV, ...args], {
    WRANGLER_SEND_METRICS: 'false',
    NO_COLOR: '1',
  })
  const line = await enrollLineOf(running)
  const { token, metadataUrl } = enrollBy(line, folder)
  expect(claimsOf(token)).toMatchObject({ iss: `http://localhost:${port}`, role: 'worker' })
  expect(running.output.stdout + running.output.stderr).not.toContain('"d":')
  await running.stop()
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow()
  await expect(fetch(metadataUrl)).rejects.toThrow()
})
