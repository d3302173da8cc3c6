// Real Caddy, with the configuration that docs/use/caddy.md prints.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { StartProxy } from '../../cases/proxy/behind-proxy.ts'
import { describeProxy } from '../../cases/proxy/cases.ts'
import { pageFence, replaceAll } from '../../support/page-fences.ts'
import { startProcess, waitUntil } from '../../support/processes.ts'

const startCaddy: StartProxy = async ({ port, serviceUrl, appPort, secret }) => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-caddy-'))
  // What differs from the page: addresses, and TLS.
  const site = replaceAll(pageFence('docs/use/caddy.md', 'caddyfile server'), [
    ['https://app.example {', `http://127.0.0.1:${port} {`],
    ['https://rollcall.example', serviceUrl],
    [/127\.0\.0\.1:[0-9]{4}\b/, `127.0.0.1:${appPort}`],
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
  name: 'Caddy, configured as the page prints it',
  program: 'caddy',
  start: startCaddy,
  whenDown: 502,
  more(proxy, test) {
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
