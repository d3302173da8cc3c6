// What holds behind every proxy whose configuration the pages print: good requests reach the app with the identity of
// their token, and no header, path or query of a client changes anything that the app sees.

import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  BAD_TOKENS,
  BAD_TOKEN_NAMES,
  type BadTokenName,
  makeBadTokens,
} from '../../support/bad-tokens.ts'
import { claimsOf } from '../../support/http.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { DOCUMENT_FIELDS } from '../../support/test-cloud.ts'
import { makeKey } from '../state/independent-jws.ts'
import {
  type BehindProxy,
  type SeenRequest,
  type SentHeaders,
  type StartProxy,
  startBehindProxy,
} from './behind-proxy.ts'

/** How a proxy differs from others. */
export interface ProxyTraits {
  readonly name: string
  /** The program, and how to install it. */
  readonly program: string
  readonly start: StartProxy
  /** Status while the service is unreachable. */
  readonly whenDown: number
  /** More tests of this proxy alone. */
  readonly more?: (proxy: () => BehindProxy, test: ProxyTest) => void
}

/** Declares a test that is skipped where the program is missing. */
export type ProxyTest = (name: string, run: () => Promise<void>) => void

/** Headers by which a client could pass for a proxy, each alone. */
const FORGED: readonly (readonly [name: string, value: string | string[]])[] = [
  ['Forwarded', 'host=evil.test;proto=https;for=192.0.2.1'],
  ['X-Forwarded-Method', 'DELETE'],
  ['X-Forwarded-Uri', '/evil'],
  ['X-Forwarded-Host', 'evil.test'],
  ['X-Forwarded-Proto', 'ftp'],
  ['X-Forwarded-Port', 'evil'],
  ['X-Forwarded-Prefix', '/evil'],
  ['X-Forwarded-Server', 'evil.test'],
  ['X-Forwarded-For', '192.0.2.1'],
  ['X-Original-Url', '/evil'],
  ['X-Original-Uri', '/evil'],
  ['X-Original-Method', 'DELETE'],
  ['X-Original-Host', 'evil.test'],
  ['X-Rewrite-Url', '/evil'],
  ['X-Real-IP', '192.0.2.1'],
  ['X-Rollcall-Subject', 'evil'],
  ['X-Rollcall-Instance', 'i-evil'],
  ['X-Rollcall-Account', '1'],
  ['X-Rollcall-Region', 'evil'],
  ['X-Rollcall-Role', 'admin'],
  ['X-Rollcall-Groups', 'admin'],
  ['X-Rollcall-Key', 'evil'],
  ['X-Rollcall-Expires', '1'],
  ['X-Rollcall-Proxy', 'guess'],
  ['X_Rollcall_Instance', 'i-evil'],
  ['X-Rollcall_Role', 'admin'],
  ['x_rollcall-groups', 'admin'],
  ['Connection', 'X-Rollcall-Instance'],
  ['Connection', 'close, X-Rollcall-Role, X-Rollcall-Groups, X-Rollcall-Key'],
  ['Connection', 'X-Rollcall-Proxy, X-Forwarded-Uri, X-Forwarded-Method'],
  ['Connection', ['Upgrade', 'X-Rollcall-Role, X-Rollcall-Instance']],
  ['Connection', ['X-Rollcall-Role, X-Rollcall-Instance', 'keep-alive, Upgrade']],
  ['X-HTTP-Method-Override', 'DELETE'],
  ['X-Method-Override', 'DELETE'],
]

/** Headers of a hop, which say nothing of the request. */
const OF_THE_HOP = new Set(['connection', 'accept-encoding', 'user-agent', 'content-length'])

/** What the app sees, without what is of the hop. */
const plain = ({ method, url, headers, body }: SeenRequest | (undefined & object)): unknown => ({
  method,
  url,
  headers: headers.filter(([name]) => !OF_THE_HOP.has(name)).toSorted(),
  body,
})

/** Declares the suite. */
export const describeProxy = ({ name, program, start, whenDown, more }: ProxyTraits): void => {
  describe(name, () => {
    let proxy: BehindProxy
    beforeAll(async () => {
      if (findTool(program) !== undefined) proxy = await startBehindProxy(start)
    }, 60_000)
    afterAll(() => proxy?.stop())

    const test: ProxyTest = (what, run) =>
      it(what, async (context: TestContext) => {
        requireTool(context, program, `apt-get install ${program}`)
        proxy.seen.length = 0
        await run()
      })

    const refuses = async (status: number, headers: SentHeaders): Promise<void> => {
      const answer = await proxy.send('GET', '/a', headers)
      expect([answer.status, proxy.seen]).toEqual([status, []])
    }

    test('admits a bound token with its proof, and the app reads the identity alone', async () => {
      const answer = await proxy.send('GET', '/a?b=c', proxy.credentials())
      expect([answer.status, answer.body]).toEqual([200, 'the app'])
      const [seen] = proxy.seen
      expect(seen?.url).toBe('/a?b=c')
      const headers = Object.fromEntries(seen?.headers ?? [])
      const { exp, sub } = claimsOf(proxy.boundToken)
      expect(headers).toMatchObject({
        'x-rollcall-subject': sub,
        'x-rollcall-instance': DOCUMENT_FIELDS['instance-id'],
        'x-rollcall-account': DOCUMENT_FIELDS['owner-account-id'],
        'x-rollcall-region': DOCUMENT_FIELDS['region-id'],
        'x-rollcall-role': 'worker',
        'x-rollcall-groups': 'a,b',
        'x-rollcall-key': proxy.key.thumbprint,
        'x-rollcall-expires': String(exp),
        host: 'app.example',
      })
      for (const gone of ['authorization', 'dpop', 'x-rollcall-proxy']) {
        expect(headers).not.toHaveProperty(gone)
      }
    })

    test('passes the method and the body on to the app, and no body to the service', async () => {
      const headers = proxy.credentials({ method: 'POST' })
      const body = 'a body for the app'
      expect((await proxy.send('POST', '/a', headers, body)).status).toBe(200)
      expect(proxy.seen).toEqual([expect.objectContaining({ method: 'POST', body })])
      expect(proxy.asked()).not.toContain(body)
    })

    test('refuses a request without a token, and names both schemes', async () => {
      const answer = await proxy.send('GET', '/a', {})
      expect([answer.status, proxy.seen]).toEqual([401, []])
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer .*, DPoP .*algs="ES256 /)
    })

    test('refuses a stolen token: without a proof, by another key, with a used proof', async () => {
      const { Authorization, DPoP } = proxy.credentials()
      await refuses(401, { Authorization: Authorization })
      await refuses(401, { Authorization: `Bearer ${proxy.boundToken}` })
      await refuses(401, { Authorization: `Bearer ${proxy.boundToken}`, DPoP: DPoP })
      await refuses(401, proxy.credentials({ key: await makeKey() }))
      expect((await proxy.send('GET', '/a', { Authorization, DPoP })).status).toBe(200)
      proxy.seen.length = 0
      await refuses(401, { Authorization, DPoP })
    })

    test('refuses a proof for another method, path or host', async () => {
      await refuses(401, proxy.credentials({ method: 'POST' }))
      await refuses(401, proxy.credentials({ path: '/b' }))
      const origin = 'http://evil.test'
      await refuses(401, proxy.credentials({ origin }))
      await refuses(401, { ...proxy.credentials({ origin }), 'X-Forwarded-Host': 'evil.test' })
    })

    test('refuses two Authorization headers', async () => {
      const { Authorization, DPoP } = proxy.credentials()
      const answer = await proxy.send('GET', '/a', {
        Authorization: [Authorization, `Bearer ${proxy.bearerToken}`],
        DPoP,
      })
      expect([[400, 401].includes(answer.status), proxy.seen]).toEqual([true, []])
    })

    test('admits an unbound token of its audience', async () => {
      const headers = { Authorization: `Bearer ${proxy.bearerToken}` }
      expect((await proxy.send('GET', '/a', headers)).status).toBe(200)
      expect(Object.fromEntries(proxy.seen[0]?.headers ?? [])).toMatchObject({
        'x-rollcall-instance': DOCUMENT_FIELDS['instance-id'],
      })
    })

    test('admits a token by RS256, and refuses the bad ones by RS256', async () => {
      const { token: goodToken, privateKeys } = proxy.rs256
      const statuses: Record<string, number> = {}
      for (const [bad, token] of makeBadTokens({ goodToken, privateKeys })) {
        const answer = await proxy.send('GET', '/a', { Authorization: `Bearer ${token}` })
        statuses[bad] = answer.status
      }
      expect(proxy.seen).toEqual([])
      expect(statuses).toEqual(
        Object.fromEntries(BAD_TOKEN_NAMES.map((bad) => [bad, BAD_TOKENS[bad].authorize])),
      )
      const headers = { Authorization: `Bearer ${goodToken}` }
      expect((await proxy.send('GET', '/a', headers)).status).toBe(200)
    })

    describe('refuses a bad token (refusal 24)', () => {
      const tokenOf = (wanted: BadTokenName): string =>
        makeBadTokens({ goodToken: proxy.bearerToken, privateKeys: proxy.privateKeys }).find(
          ([found]) => found === wanted,
        )?.[1] ?? ''
      for (const bad of BAD_TOKEN_NAMES) {
        test(bad, () =>
          refuses(BAD_TOKENS[bad].authorize, { Authorization: `Bearer ${tokenOf(bad)}` }),
        )
      }
    })

    describe('a client changes nothing that the app sees (refusal 28)', () => {
      for (const [header, value] of FORGED) {
        test(`by ${header}: ${[value].flat().join(' | ')}`, async () => {
          await proxy.send('GET', '/a', proxy.credentials())
          const answer = await proxy.send('GET', '/a', {
            ...proxy.credentials(),
            [header]: value,
          })
          expect(answer.status).toBe(200)
          const [before, after] = proxy.seen
          if (before === undefined || after === undefined) throw new Error('the app saw nothing')
          expect(plain(after)).toEqual(plain(before))
        })
      }

      test('by Host', async () => {
        await proxy.send('GET', '/a', proxy.credentials())
        await proxy.send('GET', '/a', { ...proxy.credentials(), Host: 'evil.test' })
        const [before, after] = proxy.seen
        if (before === undefined) throw new Error('the app saw nothing')
        // A proxy that serves no such host does not ask the app.
        if (after !== undefined) expect(plain(after)).toEqual(plain(before))
      })

      test('by a query that looks like ours', async () => {
        const path = '/a?audience=https%3A%2F%2Fevil.test&role=admin&account=1'
        expect((await proxy.send('GET', path, proxy.credentials())).status).toBe(200)
        expect(proxy.seen.map(({ url }) => url)).toEqual([path])
        const elsewhere = { Authorization: `Bearer ${proxy.bearerToken}` }
        proxy.seen.length = 0
        expect((await proxy.send('GET', path, elsewhere)).status).toBe(200)
        expect(proxy.asked()).not.toMatch(/\/v1\/authorize[^ ]*(?:evil|admin)/)
      })

      test('by a header that a platform before the service obeys', async () => {
        const headers = { ...proxy.credentials(), 'X-Fc-Invocation-Type': 'Async' }
        expect((await proxy.send('GET', '/a', headers)).status).toBe(200)
        expect(proxy.asked()).toContain('X-Rollcall-Proxy')
        expect(proxy.asked()).not.toMatch(/x-fc-/i)
      })
    })

    describe('leaves a path byte for byte, in the proof and for the app', () => {
      for (const path of [
        '/a%2Fb/../c',
        '/a/./b',
        '/a//b',
        '/%7euser',
        '/a%2e%2e/b',
        '/a;b=c/d',
        '/a,b',
        '/A%c3%a4',
      ]) {
        test(path, async () => {
          expect((await proxy.send('GET', path, proxy.credentials({ path }))).status).toBe(200)
          expect(proxy.seen.map(({ url }) => url)).toEqual([path])
          proxy.seen.length = 0
          const other = new URL(path, proxy.url).pathname
          const target = other === path ? `${path}/` : other
          expect((await proxy.send('GET', path, proxy.credentials({ path: target }))).status).toBe(
            401,
          )
          expect(proxy.seen).toEqual([])
        })
      }
    })

    more?.(() => proxy, test)

    test('refuses a banned instance at once, and admits it at once after the ban', async () => {
      const ban = `/v1/admin/bans/instance/${DOCUMENT_FIELDS['instance-id']}`
      expect((await proxy.send('GET', '/a', proxy.credentials())).status).toBe(200)
      expect(await proxy.operate('PUT', ban, { reason: 'stolen' })).toBe(200)
      proxy.seen.length = 0
      await refuses(401, proxy.credentials())
      await refuses(401, { Authorization: `Bearer ${proxy.bearerToken}` })
      expect(await proxy.operate('DELETE', ban)).toBe(200)
      expect((await proxy.send('GET', '/a', proxy.credentials())).status).toBe(200)
    })

    test('lets nothing through while the service is unreachable', async () => {
      await proxy.service.stop()
      await refuses(whenDown, proxy.credentials())
      await refuses(whenDown, {})
    })
  })
}
