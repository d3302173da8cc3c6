// Real Caddy, with the configuration that `rollcall recipe caddy` and docs/use/caddy.md print.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { AUDIENCE, type StartProxy } from '../../cases/proxy/behind-proxy.ts'
import { describeProxy } from '../../cases/proxy/cases.ts'
import { probesProxy } from '../../cases/proxy/probing.ts'
import { recipeFile } from '../../generate/recipes.ts'
import { replaceAll } from '../../support/page-fences.ts'
import { startProcess, waitUntil } from '../../support/processes.ts'

const caddyWith =
  (changes: readonly (readonly [RegExp, string])[]): StartProxy =>
  async ({ port, serviceUrl, appPort, secret }) => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-caddy-'))
    const printed = recipeFile(
      'caddy',
      {
        issuer: serviceUrl,
        audience: AUDIENCE,
        role: ['worker'],
        listen: `127.0.0.1:${port}`,
        upstream: `127.0.0.1:${appPort}`,
      },
      'caddyfile',
    )
    // What differs from the recipe: TLS, and the name by which the test calls it.
    const site = replaceAll(printed, [
      [`https://app.example:${port} {`, `http://127.0.0.1:${port} {`],
      ...changes,
    ])
    const file = join(folder, 'Caddyfile')
    writeFileSync(file, `{\n\tadmin off\n\tauto_https off\n}\n${site}`)
    const running = startProcess('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], {
      ROLLCALL_PROXY_SECRET: secret,
      HOME: folder,
      XDG_CONFIG_HOME: folder,
      XDG_DATA_HOME: folder,
    })
    const answers = async (): Promise<boolean> =>
      (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) !== undefined
    await waitUntil(answers, {
      seconds: 20,
      what: 'caddy ready',
      alive: () => running.child.exitCode === null,
    })
    return {
      ...running,
      async stop() {
        const status = await running.stop()
        rmSync(folder, { recursive: true, force: true })
        return status
      },
    }
  }

describeProxy({
  name: 'Caddy, configured as the recipe prints it',
  program: 'caddy',
  start: caddyWith([]),
  whenDown: 502,
  more(proxy, test) {
    probesProxy(proxy, test, caddyWith([[/\tforward_auth [^]*?\n\t\t\}\n/, '']]))

    test('listens at the address of --listen alone', async () => {
      const { port } = new URL(proxy().url)
      await expect(fetch(`http://127.0.0.2:${port}/`)).rejects.toMatchObject({
        cause: { code: 'ECONNREFUSED' },
      })
    })

    test('refuses two DPoP headers', async () => {
      const { Authorization, DPoP } = proxy().credentials()
      for (const proofs of [
        ['x', DPoP],
        [DPoP, 'x'],
      ]) {
        const answer = await proxy().send('GET', '/a', { Authorization, DPoP: proofs })
        expect([answer.status, proxy().seen]).toEqual([401, []])
      }
    })

    test('lets a WebSocket upgrade keep its Connection header', async () => {
      for (const Connection of ['Upgrade', 'keep-alive, Upgrade']) {
        proxy().seen.length = 0
        await proxy().send('GET', '/a', {
          ...proxy().credentials(),
          Connection,
          Upgrade: 'websocket',
        })
        expect(Object.fromEntries(proxy().seen[0]?.headers ?? [])).toMatchObject({
          connection: 'Upgrade',
          upgrade: 'websocket',
          'x-rollcall-role': 'worker',
        })
      }
    })
  },
})
