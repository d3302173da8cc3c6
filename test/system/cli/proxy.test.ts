// `enroll`, `doctor` and `admin` where the service can be reached by a proxy alone: from the source, and bootstrap.sh beside
// them. `test/system/package-proxy.test.ts` does the same with the package.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FORGED_NAMES } from '../../../src/cli/probe/bad-tokens.ts'
import { bootstrapScript } from '../../../src/http/bootstrap-script.ts'
import { runScript } from '../../support/bootstrap.ts'
import { type ClientServers, startClientServers } from '../../support/client-servers.ts'
import type { Run } from '../../support/command.ts'
import { startListening } from '../../support/listening.ts'
import { type ProxiedService, startProxiedService } from '../../support/proxied-service.ts'
import { NO_PROXY_ROWS } from '../../support/no-proxy-rows.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import type { RunningProxy } from '../../support/proxy.ts'
import { runProgram } from '../../support/run-program.ts'
import { ROOT } from '../../support/sources.ts'
import { POLICY } from '../../support/test-service.ts'
import { createTestCa } from '../../support/tls-certificates.ts'

const TOKEN = /^ey[\w-]+\.[\w-]+\.[\w-]+$/
const PASSWORD = 'open-sesame'
const LOGIN = `bob:${PASSWORD}`

let service: ProxiedService
let local: ClientServers
beforeAll(async () => {
  service = await startProxiedService()
  local = await startClientServers()
})
afterAll(async () => {
  await service.close()
  await local.close()
})

const address = ({ port }: RunningProxy, login = ''): string =>
  `http://${login === '' ? '' : `${login}@`}127.0.0.1:${port}`

/** Runs the command from its source. No output of it may have the password of the proxy. */
const rollcall = async (
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Run> => {
  const program = ['--import', 'tsx', join(ROOT, 'src/cli/rollcall.ts'), ...args]
  const run = await runProgram([process.execPath, ...program], { ...service.env, ...env })
  expect(run.stdout + run.stderr).not.toContain(PASSWORD)
  return run
}

describe('rollcall by way of a proxy', () => {
  it('enrolls, and asks the metadata service directly', async () => {
    const proxy = await service.proxy()
    const url = address(proxy)
    const asked = service.metadataRequests.length
    const run = await rollcall(['enroll', service.issuer], { HTTPS_PROXY: url, HTTP_PROXY: url })
    expect(run.stdout, run.stderr).toMatch(TOKEN)
    expect(run.stderr).toBe('')
    expect(new Set(proxy.tunnels)).toEqual(new Set(['rollcall.test:443']))
    expect(proxy.plain).toEqual([])
    expect(service.metadataRequests.length - asked).toBe(3)
  })

  it('finds in doctor nothing that fails', async () => {
    const run = await rollcall(['doctor', service.issuer, '--role', 'worker'], {
      ALL_PROXY: address(await service.proxy()),
    })
    expect(run.status, run.stdout + run.stderr).toBe(0)
  })

  it("makes the operators' calls", async () => {
    const args = ['admin', 'bans', '--issuer', service.issuer, '--key', service.operatorKey]
    const run = await rollcall([...args, '--json'], { https_proxy: address(await service.proxy()) })
    expect(run.status, run.stderr).toBe(0)
  })

  it('probes a door, and takes no answer of the proxy for one of the door', async () => {
    const through = { HTTPS_PROXY: address(await service.proxy()) }
    const token = (await rollcall(['enroll', service.issuer], through)).stdout.trim()
    const door = await startListening(
      createServer(service.ca.certificateFor('door.test'), ({ headers }, response) => {
        response.writeHead(headers.authorization === `Bearer ${token}` ? 200 : 401).end()
      }),
    )
    const issuer = await service.proxy()
    const targets = { 'door.test:443': door.port, 'rollcall.test:443': service.port }
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-probe-'))
    try {
      const file = join(folder, 'good.jwt')
      writeFileSync(file, token)
      const audience = POLICY.roles.worker.token.audience[0] ?? ''
      const args = ['probe', 'https://door.test/', '--audience', audience, '--token', file]
      const proxy = await service.proxy({ targets })
      const run = await rollcall(args, { HTTPS_PROXY: address(proxy) })
      expect(run.status, run.stdout + run.stderr).toBe(0)
      const shown = 2 + FORGED_NAMES.length
      expect(run.stdout).toContain(`${shown} refused, 0 admitted, 0 unclear`)
      expect(proxy.plain).toEqual([])
      // This proxy knows the issuer, and refuses to call the door.
      const refused = await rollcall(args, { HTTPS_PROXY: address(issuer) })
      expect(refused).toMatchObject({ status: 5, stdout: '' })
      expect(refused.stderr).toContain('refused the connection: 502')
    } finally {
      rmSync(folder, { recursive: true })
      await door.close()
    }
  })

  it('exchanges a token, and verifies the new one', async () => {
    const proxy = await service.proxy()
    const env = { HTTPS_PROXY: address(proxy), ROLLCALL_ROLE: 'keyed' }
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-exchange-'))
    const [key, token, app] = ['key.json', 'token.jwt', 'app.jwt'].map((it) => join(folder, it))
    try {
      const files = ['--dpop-key', String(key)]
      const enrolled = await rollcall(
        ['enroll', service.issuer, ...files, '--out', String(token)],
        env,
      )
      expect(enrolled.status, enrolled.stderr).toBe(0)
      const { length } = proxy.tunnels
      const audience = ['--audience', 'https://app.example']
      const args = ['--token', String(token), '--out', String(app)]
      const exchanged = await rollcall(
        ['exchange', service.issuer, ...files, ...audience, ...args],
        env,
      )
      expect(exchanged.status, exchanged.stderr).toBe(0)
      const verified = await rollcall(
        ['token', 'verify', String(app), '--issuer', service.issuer, ...audience],
        env,
      )
      expect(verified.status, verified.stderr).toBe(0)
      expect(proxy.tunnels.length).toBeGreaterThanOrEqual(length + 2)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('logs in, and shows the password nowhere', async () => {
    const proxy = await service.proxy({ login: LOGIN })
    const run = await rollcall(['enroll', service.issuer], { HTTPS_PROXY: address(proxy, LOGIN) })
    expect(run.stdout, run.stderr).toMatch(TOKEN)
  })

  it('talks TLS with the proxy, whose certificate is for its own name', async () => {
    const certificate = service.ca.certificateFor('localhost')
    const { port } = await service.proxy({ certificate })
    const run = await rollcall(['enroll', service.issuer], {
      HTTPS_PROXY: `https://localhost:${port}`,
    })
    expect(run.stdout, run.stderr).toMatch(TOKEN)
    expect(run.stderr).toBe('')
  })

  it('goes directly to a service on this machine', async () => {
    const proxy = await service.proxy()
    const url = address(proxy)
    const run = await rollcall(['enroll', local.url], {
      HTTPS_PROXY: url,
      HTTP_PROXY: url,
      ALL_PROXY: url,
      ROLLCALL_METADATA_URL: local.metadataUrl,
    })
    expect(run.stdout, run.stderr).toMatch(TOKEN)
    expect([...proxy.plain, ...proxy.tunnels]).toEqual([])
  })

  it('goes directly to a host that NO_PROXY names', async () => {
    const proxy = await service.proxy()
    const env = { HTTPS_PROXY: address(proxy), NO_PROXY: '.test' }
    const run = await rollcall(['enroll', service.issuer, '--attempts', '1'], env)
    expect(run.status).toBe(5)
    expect(run.stderr).toMatch(/DNS .* rollcall\.test/)
    expect(proxy.tunnels).toEqual([])
  })

  it.each([
    [407, 1, 'refused the connection: 407, it requires a login'],
    [401, 1, 'refused the connection: 401, it does not accept the login'],
    [403, 2, 'refused the connection: 403, it does not allow this address'],
    [502, 2, 'refused the connection: 502, it cannot reach the service'],
  ])("names the proxy's own %i as the proxy's", async (status, tries, sentence) => {
    const proxy = await service.proxy({ status })
    const args = ['enroll', service.issuer, '--attempts', '2']
    const run = await rollcall(args, { HTTPS_PROXY: address(proxy, LOGIN) })
    expect(run.status).toBe(5)
    expect(run.stderr).toContain(`the proxy ${address(proxy)} ${sentence}`)
    expect(proxy.tunnels).toHaveLength(tries)
  })

  it("names the proxy's own answer in an operator's call", async () => {
    const proxy = await service.proxy({ login: LOGIN })
    const args = ['admin', 'bans', '--issuer', service.issuer, '--key', service.operatorKey]
    const run = await rollcall(args, { HTTPS_PROXY: address(proxy, `eve:${PASSWORD}`) })
    expect(run.status).toBe(5)
    expect(run.stderr).toContain(`the proxy ${address(proxy)} refused the connection: 407`)
    expect(proxy.tunnels).toHaveLength(1)
  })

  it('asks a proxy that hangs up once a try', async () => {
    const proxy = await service.proxy({ hangsUp: true })
    const args = ['enroll', service.issuer, '--attempts', '2']
    const run = await rollcall(args, { HTTPS_PROXY: address(proxy) })
    expect(run.status).toBe(5)
    expect(run.stderr).toContain(`the proxy ${address(proxy)}: it closed the connection`)
    expect(proxy.tunnels).toHaveLength(2)
  })

  it('names a proxy that is down', async () => {
    const proxy = await service.proxy()
    await proxy.close()
    const run = await rollcall(['doctor', service.issuer], { HTTPS_PROXY: address(proxy, LOGIN) })
    expect(run.status).toBe(1)
    expect(run.stdout.replaceAll(/\s+/g, ' ')).toContain(
      `FAIL service ${service.issuer}: the proxy ${address(proxy)}: the connection was refused`,
    )
  })

  it("tells whose certificate is not trusted, the proxy's or the service's", async () => {
    const other = createTestCa(join(service.ca.file, '../other'))
    const { port } = await service.proxy({ certificate: other.certificateFor('localhost') })
    const args = ['enroll', service.issuer, '--attempts', '1']
    const ofProxy = await rollcall(args, { HTTPS_PROXY: `https://localhost:${port}` })
    expect(ofProxy.stderr).toContain(`the proxy https://localhost:${port}: its certificate is not`)
    const trusted = { HTTPS_PROXY: address(await service.proxy()), NODE_EXTRA_CA_CERTS: other.file }
    const ofService = await rollcall(args, trusted)
    expect(ofService.stderr).toMatch(/rollcall\.test\S* is not available \(its certificate is not/)
  })

  it.each(['socks5://bob:open-sesame@x:1', `http://${LOGIN}@[x`])(
    'refuses a malformed address of a proxy and names the variable: %s',
    async (value) => {
      const run = await rollcall(['enroll', service.issuer], { HTTPS_PROXY: value })
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toMatch(/^rollcall: HTTPS_PROXY: /)
    },
  )
})

describe('bootstrap.sh by way of a proxy', () => {
  const enroll = (issuer: string, env: Record<string, string>): Promise<Run> =>
    runScript(['sh'], bootstrapScript({ issuer }), {
      ...service.env,
      ROLLCALL_ATTEMPTS: '1',
      ...env,
    })

  it('enrolls, logs in, and asks the metadata service directly', async () => {
    const proxy = await service.proxy({ login: LOGIN })
    const url = address(proxy, LOGIN)
    const run = await enroll(service.issuer, { HTTPS_PROXY: url, http_proxy: url })
    expect(run.stdout, run.stderr).toMatch(TOKEN)
    expect(proxy.plain).toEqual([])
  })

  it('goes directly to a service on this machine', async () => {
    const proxy = await service.proxy()
    const url = address(proxy)
    const env = { https_proxy: url, http_proxy: url, ROLLCALL_METADATA_URL: local.metadataUrl }
    const run = await enroll(local.url, env)
    expect(run.stdout, run.stderr).toMatch(TOKEN)
    expect([...proxy.plain, ...proxy.tunnels]).toEqual([])
  })

  it.each([
    [407, 1],
    [401, 1],
    [403, 2],
  ])("shows the proxy's own %i, and not its password", async (status, tries) => {
    const proxy = await service.proxy({ status })
    const env = { HTTPS_PROXY: address(proxy, LOGIN), ROLLCALL_ATTEMPTS: '2' }
    const run = await enroll(service.issuer, env)
    expect(run.status).toBe(5)
    expect(run.stderr).toContain(String(status))
    expect(run.stderr).not.toContain(PASSWORD)
    expect(proxy.tunnels).toHaveLength(tries)
  })
})

describe('NO_PROXY', () => {
  const versionOf = async (): Promise<readonly number[]> => {
    const { stdout } = await promisify(execFile)('curl', ['--version'])
    return (/^curl (\d+)\.(\d+)/.exec(stdout) ?? []).slice(1).map(Number)
  }
  const requireRules = async (context: TestContext): Promise<void> => {
    const [major = 0, minor = 0] = await versionOf()
    if (major < 7 || (major === 7 && minor < 86)) context.skip('curl before 7.86 knows no networks')
  }

  it('is read by curl as the table of this command has it', async (context) => {
    await requireRules(context)
    for (const [host, list, isExempt] of NO_PROXY_ROWS) {
      const proxy = await service.proxy({ status: 502 })
      const args = ['-q', '-sS', '--connect-to', '::127.0.0.1:1', `https://${host}/`]
      const env = cleanEnvironment({ https_proxy: address(proxy), no_proxy: list })
      await promisify(execFile)('curl', args, { env }).catch(() => undefined)
      expect(proxy.tunnels.length === 0, `${host} in "${list}"`).toBe(isExempt)
    }
  })
})
