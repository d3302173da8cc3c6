// The command of the package where a proxy is the only way to the service: what it is bundled from must be all there, on
// Node and on Deno.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installPackage, packPackage } from '../support/packed-package.ts'
import { type ProxiedService, startProxiedService } from '../support/proxied-service.ts'
import { runProgram } from '../support/run-program.ts'
import { DENO } from '../support/start-service.ts'

const LOGIN = 'bob:open-sesame'

let folder: string
let service: ProxiedService
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-package-proxy-'))
  service = await startProxiedService()
  await installPackage(join(folder, 'project'), await packPackage(join(folder, 'source')))
})
afterAll(async () => {
  await service.close()
  rmSync(folder, { recursive: true, force: true })
})

const command = (): string =>
  join(folder, 'project/node_modules/rollcall/dist/package/cli/rollcall.cjs')

const PROGRAMS: Readonly<Record<string, () => readonly string[]>> = {
  Node: () => [process.execPath, command()],
  Deno: () => [DENO, 'run', '-A', command()],
}

describe.each(Object.entries(PROGRAMS))('the command on %s', (_, program) => {
  const rollcall = (args: readonly string[], proxies: Record<string, string>) =>
    runProgram([...program(), ...args], { ...service.env, NO_COLOR: '1', ...proxies })

  it('enrolls through a proxy, and asks the metadata service directly', async () => {
    const proxy = await service.proxy({ login: LOGIN })
    const url = `http://${LOGIN}@127.0.0.1:${proxy.port}`
    const run = await rollcall(['enroll', service.issuer], { HTTPS_PROXY: url, HTTP_PROXY: url })
    expect(run.stdout, run.stderr).toMatch(/^ey[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(run.stderr).toBe('')
    expect(proxy.plain).toEqual([])
  })

  it('finds in doctor nothing that fails', async () => {
    const proxy = await service.proxy()
    const run = await rollcall(['doctor', service.issuer, '--role', 'worker'], {
      HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
    })
    expect(run.status, run.stdout + run.stderr).toBe(0)
  })

  it("makes the operators' calls, and shows no login", async () => {
    const proxy = await service.proxy({ login: LOGIN })
    const call = (login: string) =>
      rollcall(['admin', 'bans', '--issuer', service.issuer, '--key', service.operatorKey], {
        HTTPS_PROXY: `http://${login}@127.0.0.1:${proxy.port}`,
      })
    expect((await call(LOGIN)).status).toBe(0)
    const { status, stderr } = await call('bob:another-word')
    expect(status).toBe(5)
    expect(stderr).toContain(
      `the proxy http://127.0.0.1:${proxy.port} refused the connection: 407, it requires a login`,
    )
    expect(stderr).not.toContain('another-word')
  })
})
