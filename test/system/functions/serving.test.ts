// What each server of ours does with signals, addresses and connections that are kept.

import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { beforeAll, describe, expect, it } from 'vitest'
import { listenFailure, listenUrl } from '../../../src/node/listening.ts'
import { waitForEnd, waitForOutput } from '../../support/output.ts'
import { askChallenge } from '../../support/instance.ts'
import { SERVERS, startService, usualVariables } from '../../support/start-service.ts'
import { sharedTestCloud } from '../../support/test-cloud.ts'

/** Longer than Node's own 5 seconds, and the second that it adds to them. */
const IDLE_MS = 6_100
/** How many connections are reused at once. */
const CONNECTIONS = 20

let variables: Record<string, string>
beforeAll(async () => {
  variables = await usualVariables(await sharedTestCloud())
})

// Each test has a server of its own, and most of the time waits for it.
describe.concurrent.each(SERVERS)('the server on %s', (runtime) => {
  it('ignores SIGHUP, says so, and stops in order at SIGTERM', async (context) => {
    const server = await startService(runtime, { context, variables })
    server.process.child.kill('SIGHUP')
    await waitForOutput(server.process, 'stderr', 'SIGHUP is ignored')
    expect((await askChallenge(server.url)).status).toBe(200)
    server.process.child.kill('SIGTERM')
    expect(await waitForEnd(server.process)).toBe(0)
  })

  it('announces an IPv6 address as a URL that works', async (context) => {
    const server = await startService(runtime, { context, variables: { ...variables, HOST: '::' } })
    const url = `http://[::]:${server.port}`
    expect(server.process.output.stderr).toContain(`listening on ${url} as `)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  it('says which address it cannot listen on', async (context) => {
    const elsewhere = { ...variables, HOST: '192.0.2.1' }
    const server = await startService(runtime, { context, variables: elsewhere, ready: false })
    expect(await waitForEnd(server.process)).toBe(2)
    const failure = `rollcall: cannot listen on http://192.0.2.1:${server.port} (`
    expect(server.process.output.stderr).toContain(failure)
    expect(server.process.output.stderr).toContain('; check HOST and PORT\n')
  })

  it('answers on a connection that a pool reuses after 6 seconds', async (context) => {
    const server = await startService(runtime, { context, variables })
    const agent = new Agent({ keepAlive: true })
    const post = async (): Promise<{ status: number | undefined; reused: boolean }> => {
      const sent = request(`${server.url}/v1/challenge`, { agent, method: 'POST' }).end()
      const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage]
      response.resume()
      await once(response, 'end')
      return { status: response.statusCode, reused: sent.reusedSocket }
    }
    const all = () => Promise.all(Array.from({ length: CONNECTIONS }, post))
    try {
      await all()
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
      const answers = Array.from({ length: CONNECTIONS }, () => ({ status: 200, reused: true }))
      expect(await all()).toEqual(answers)
    } finally {
      agent.destroy()
    }
  })
})

describe('listenUrl()', () => {
  it.each([
    ['127.0.0.1', 'http://127.0.0.1:80'],
    ['localhost', 'http://localhost:80'],
    ['::1', 'http://[::1]:80'],
    ['fd00::1:2', 'http://[fd00::1:2]:80'],
  ])('writes %s as %s', (host, url) => {
    expect(listenUrl({ host, port: 80 })).toBe(url)
  })
})

describe('listenFailure()', () => {
  it.each([
    ['Node', { code: 'EADDRINUSE' }],
    ['Deno', { name: 'AddrInUse' }],
  ])('says on %s what to do about a port that is taken', (_, error) => {
    expect(listenFailure(error, { host: '::', port: 8787 })).toBe(
      'port 8787 is taken; choose another with PORT and set ROLLCALL_ISSUER to it',
    )
  })
})
