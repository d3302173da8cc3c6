// Standard output that can't be written: no answer leaves without its audit event, and the service stops
// with exit status 3.

import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type PostedEvidence,
  askChallenge,
  getChallenge,
  postEvidence,
} from '../../support/instance.ts'
import { waitForEnd, waitForOutput } from '../../support/output.ts'
import { waitUntil } from '../../support/processes.ts'
import { SERVERS, startService, usualVariables } from '../../support/start-service.ts'
import { sharedTestCloud, signedEvidence } from '../../support/test-cloud.ts'

const FAILED = 3
const SAYS_SO =
  /^rollcall: standard output failed \((?:EPIPE|ENOSPC|ECONNRESET)\): .*start it again$/m
const folder = mkdtempSync(join(tmpdir(), 'rollcall-output-'))
let variables: Record<string, string>
beforeAll(async () => {
  variables = await usualVariables(await sharedTestCloud())
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Evidence over a new challenge of a server. */
const evidenceFor = async (url: string): Promise<PostedEvidence> =>
  signedEvidence(await sharedTestCloud(), await getChallenge(url))

/** A pipe by name, whose both ends the test can use without waiting. */
const makePipe = () => {
  const path = join(folder, `pipe-${Math.random().toString(36).slice(2)}`)
  execFileSync('mkfifo', [path])
  const handle = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const untilItWouldWait = (step: () => void): void => {
    try {
      for (;;) step()
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('EAGAIN')
    }
  }
  return {
    path,
    fill: () => untilItWouldWait(() => writeSync(handle, Buffer.alloc(1024, '#'))),
    drain: () => {
      let text = ''
      const buffer = Buffer.alloc(65_536)
      untilItWouldWait(
        () => (text += buffer.subarray(0, readSync(handle, buffer)).toString('latin1')),
      )
      return text
    },
    close: () => closeSync(handle),
  }
}

// Each test has a server of its own, and most of the time waits for it.
describe.concurrent.each(SERVERS)('standard output on %s', (runtime) => {
  it('issues no token once its reader has ended, and stops with status 3', async (context) => {
    const server = await startService(runtime, { context, variables })
    const evidence = await evidenceFor(server.url)
    server.process.child.stdout?.destroy()
    const { status, body } = await postEvidence(server.url, evidence)
    expect([status, body['code']]).toEqual([503, 'unavailable'])
    expect(JSON.stringify(body)).not.toContain('access_token')
    expect(await waitForEnd(server.process)).toBe(FAILED)
    expect(server.process.output.stderr).toMatch(SAYS_SO)
    expect(server.process.output.stderr.replaceAll(/^rollcall: .*\n/gm, '')).toBe('')

    // Whatever watches over it starts it again, with a new reader.
    const again = await startService(runtime, { context, variables })
    expect((await askChallenge(again.url)).status).toBe(200)
  })

  it('stops behind `| head -1`', async (context) => {
    const shell = '{ "$@"; echo "status $?" >&2; } | head -1'
    const server = await startService(runtime, { context, variables, shell })
    expect((await askChallenge(server.url)).status).toBe(200)
    await waitForOutput(server.process, 'stdout', '"challenge"')
    const refused = async (): Promise<boolean> => {
      const answer = await askChallenge(server.url).catch(() => undefined)
      return answer?.status !== 200
    }
    await waitUntil(refused, { seconds: 30, what: 'a refusal' })
    expect(await waitForOutput(server.process, 'stderr', `status ${FAILED}\n`)).toMatch(SAYS_SO)
  })

  it('finishes calls that have begun when its disk is full, and answers them 503', async (context) => {
    const server = await startService(runtime, {
      context,
      variables,
      shell: 'exec "$@" > /dev/full',
    })
    const socket = connect(server.port, '127.0.0.1').setEncoding('utf8')
    let answer = ''
    socket.on('data', (text: string) => (answer += text)).on('error', () => undefined)
    const type = 'Content-Type: application/x-www-form-urlencoded'
    socket.write(`POST /v1/challenge HTTP/1.1\r\nHost: x\r\n${type}\r\nContent-Length: 11\r\n\r\n`)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)

    expect((await askChallenge(server.url)).status).toBe(503)
    expect(await waitForOutput(server.process, 'stderr', 'stopping')).toMatch(SAYS_SO)
    expect([answer, server.process.child.exitCode]).toEqual(['', null])
    socket.write('role=worker')
    expect(await waitForEnd(server.process)).toBe(FAILED)
    expect(answer).toMatch(/^HTTP\/1\.1 503 [^]*"code":"unavailable"/)
  })

  it('answers 503 while its reader stalls, and goes on when the reader does', async (context) => {
    const pipe = makePipe()
    try {
      const server = await startService(runtime, {
        context,
        variables,
        shell: `exec "$@" > ${pipe.path}`,
      })
      const evidence = await evidenceFor(server.url)
      expect(pipe.drain()).toContain('"challenge"')
      pipe.fill()
      const calls = [postEvidence(server.url, evidence), postEvidence(server.url, evidence)]
      // The others are answered all the time.
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
      for (const { status, body } of await Promise.all(calls)) {
        expect([status, body['code']]).toEqual([503, 'unavailable'])
      }
      await waitForOutput(
        server.process,
        'stderr',
        'standard output has taken no audit event for 5 s',
      )
      expect(server.process.child.exitCode).toBeNull()

      pipe.drain()
      await waitForOutput(server.process, 'stderr', 'takes audit events again')
      const { status } = await postEvidence(server.url, evidence)
      expect(status).toBe(200)
      // No event was cut short or mixed with another.
      const lines = pipe.drain().trimEnd().split('\n')
      const events = lines.map((line) => JSON.parse(line.replace(/^#+/, '')) as object)
      expect(events.at(-1)).toMatchObject({ event: 'enroll', outcome: 'issued', retry: true })

      pipe.fill()
      const late = postEvidence(server.url, evidence)
      await fetch(`${server.url}/healthz`)
      server.process.child.kill('SIGTERM')
      expect((await late).status).toBe(503)
      expect(await waitForEnd(server.process)).toBe(0)
    } finally {
      pipe.close()
    }
  })

  it('is reported when it is closed from the start', async (context) => {
    const isDeno = runtime === 'Deno'
    const options = { shell: 'exec "$@" >&-', ready: isDeno }
    const server = await startService(runtime, { context, variables, ...options })
    if (isDeno) {
      expect(server.process.output.stderr).toContain(
        'warning: standard output is closed or /dev/null',
      )
      return
    }
    expect(await waitForEnd(server.process)).toBe(FAILED)
    expect(server.process.output.stderr).toMatch(
      /^rollcall: standard output is closed, .*> \/dev\/null\n$/,
    )
  })

  it('may be /dev/null on purpose, with a warning', async (context) => {
    const server = await startService(runtime, {
      context,
      variables,
      shell: 'exec "$@" > /dev/null',
    })
    expect(server.process.output.stderr).toContain(
      'warning: standard output is closed or /dev/null',
    )
    expect((await askChallenge(server.url)).status).toBe(200)
  })

  it('is enough: a standard error that breaks stops nothing', async (context) => {
    const server = await startService(runtime, { context, variables })
    server.process.child.stderr?.destroy()
    server.process.child.kill('SIGHUP') // It says a line.
    await expect(postEvidence(server.url, await evidenceFor(server.url))).resolves.toMatchObject({
      status: 200,
    })
    server.process.child.kill('SIGTERM')
    expect(await waitForEnd(server.process)).toBe(0)
  })
})
