// Real nginx, with the configuration that `rollcall recipe nginx` and docs/use/nginx.md print.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { AUDIENCE, type StartProxy } from '../../cases/proxy/behind-proxy.ts'
import { describeProxy } from '../../cases/proxy/cases.ts'
import { probesProxy } from '../../cases/proxy/probing.ts'
import { recipeFile } from '../../generate/recipes.ts'
import { pageFence, replaceAll } from '../../support/page-fences.ts'
import { startProcess, waitUntil } from '../../support/processes.ts'

const PAGE = 'docs/use/nginx.md'
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

const answers = (port: number) => async (): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) !== undefined

const nginxWith =
  (changes: readonly (readonly [string, string])[]): StartProxy =>
  async ({ port, serviceUrl, appPort, secret }) => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-nginx-'))
    const secretFile = join(folder, 'secret.conf')
    writeFileSync(
      secretFile,
      replaceAll(pageFence(PAGE, 'nginx secret'), [['THE_SECRET', secret]]),
      {
        mode: 0o600,
      },
    )
    const printed = recipeFile(
      'nginx',
      {
        issuer: serviceUrl,
        audience: AUDIENCE,
        role: ['worker'],
        listen: `127.0.0.1:${port}`,
        upstream: `127.0.0.1:${appPort}`,
        secretFile,
      },
      'nginx',
    )
    // What differs from the recipe: TLS.
    const server = replaceAll(printed, [
      [' ssl;', ';'],
      [/ssl_certificate(?:_key)? .*;/, ''],
      ...changes,
    ])
    const temporary = TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')
    const config = `daemon off;
pid ${folder}/pid;
error_log stderr;
events {}
http {
access_log off;
${temporary}
${server}
}
`
    const file = join(folder, 'nginx.conf')
    writeFileSync(file, config)
    const running = startProcess('nginx', ['-p', folder, '-c', file])
    await waitUntil(answers(port), {
      seconds: 20,
      what: `nginx ready: ${running.output.stderr}`,
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
  name: 'nginx, configured as the recipe prints it',
  program: 'nginx',
  start: nginxWith([]),
  whenDown: 500,
  more(proxy, test) {
    probesProxy(proxy, test, nginxWith([['auth_request /_rollcall;', '']]))

    test('gives /_rollcall to no client', async () => {
      for (const path of [
        '/_rollcall',
        '/_rollcall?audience=x',
        '/x/../_rollcall',
        '/%5frollcall',
      ]) {
        const [target = ''] = path.split('?')
        const answer = await proxy().send('GET', path, proxy().credentials({ path: target }))
        expect([path, answer.status, proxy().seen]).toEqual([path, 404, []])
      }
    })

    test('takes the first of two DPoP headers, and the app gets neither', async () => {
      const { Authorization, DPoP } = proxy().credentials()
      const bad = await proxy().send('GET', '/a', { Authorization, DPoP: ['x', DPoP] })
      expect([bad.status, proxy().seen]).toEqual([401, []])
      const first = await proxy().send('GET', '/a', { Authorization, DPoP: [DPoP, 'x'] })
      // From nginx 1.23 on, both are passed on, and the service refuses them.
      expect([200, 401]).toContain(first.status)
      for (const { headers } of proxy().seen)
        expect(headers.map(([name]) => name)).not.toContain('dpop')
    })

    test('shows the service four values of the request and the secret, and no other header', async () => {
      await proxy().send('GET', '/seen', {
        ...proxy().credentials({ path: '/seen' }),
        Cookie: 'a=b',
        Accept: 'text/html',
        'X-Other': 'x',
      })
      const request =
        proxy()
          .asked()
          .split('\r\n\r\n')
          .findLast((head) => head.includes('/seen')) ?? ''
      const names = request
        .split('\r\n')
        .slice(1)
        .map((line) => line.split(':')[0]?.toLowerCase())
      expect(names.toSorted()).toEqual([
        'authorization',
        'connection',
        'dpop',
        'host',
        'x-forwarded-method',
        'x-forwarded-uri',
        'x-rollcall-proxy',
      ])
    })
  },
})
