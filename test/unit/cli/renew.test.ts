// `rollcall enroll --renew` where no command has to be run: when it enrolls again, and what it survives. Time is
// the test's own.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Timing } from '../../../src/base/timing.ts'
import {
  type ClientServers,
  isEnroll,
  startClientServers,
  unavailable,
} from '../../support/client-servers.ts'
import { type Run, type RunOutput, createCommand } from '../../support/command.ts'
import { problem } from '../../support/problem.ts'
import { ROLE, claimsOf } from '../../support/test-enroller.ts'

const command = createCommand()
let servers: ClientServers
afterEach(() => servers?.close())
afterAll(() => command.remove())

/** Runs the command until its output is as it should be, and sends SIGTERM. */
const until = (args: readonly string[], isDone: (output: RunOutput) => boolean): Promise<Run> => {
  let done = false
  const { timing } = servers
  const common = ['--role', ROLE, '--metadata-url', servers.metadataUrl]
  return command.run(['enroll', servers.url, ...common, ...args], {
    // Once its signal is set, no wait ends, so that nothing goes on behind the test.
    timing: {
      ...timing,
      wait: (...wait: Parameters<Timing['wait']>) =>
        done ? new Promise(() => undefined) : timing.wait(...wait),
    },
    watch(output, kill) {
      if (done || !isDone(output)) return
      done = true
      kill('SIGTERM')
    },
  })
}

const lineCount = ({ stdout }: RunOutput): number => stdout.split('\n').length - 1

describe('rollcall enroll --renew', () => {
  it('enrolls again at two thirds of the lifetime, and ends with 0 on SIGTERM', async () => {
    servers = await startClientServers({ lifetimeSeconds: 300 })
    const args = ['--renew', '--out', 'renewed.jwt', '--json']
    const run = await until(args, (output) => lineCount(output) === 4)
    expect(run).toMatchObject({ status: 0, stderr: '' })
    expect(servers.bodiesOf('POST /v1/enroll')).toHaveLength(4)
    // Three times two thirds, and up to a tenth of that less. The enrollments take some time, too.
    const waited = servers.timing.waits.reduce((sum, wait) => sum + wait, 0)
    expect(waited).toBeGreaterThan(450)
    expect(waited).toBeLessThanOrEqual(600)
    expect(Math.max(...servers.timing.waits)).toBeLessThanOrEqual(60)
    const token = readFileSync(join(command.folder, 'renewed.jwt'), 'utf8')
    expect(claimsOf(token)).toMatchObject({ role: ROLE })
  })

  it('survives refusals and a service that is down, and says until when the token is valid', async () => {
    servers = await startClientServers({ lifetimeSeconds: 2 })
    let calls = 0
    servers.intercept = (request) => {
      if (!isEnroll(request)) return undefined
      calls++
      if (calls === 2) return problem('not_admitted')
      return calls === 3 ? unavailable() : undefined
    }
    const args = ['--renew', '--out', 'survived.jwt', '--attempts', '1', '--json']
    const run = await until(args, (output) => lineCount(output) === 2)
    expect(run.status).toBe(0)
    expect(run.stderr).toMatch(/refused: the service answered 403/)
    expect(run.stderr).toMatch(/is not available \(the service answered 503, request r-1: .+\)/)
    expect(run.stderr).toMatch(/the token (?:is valid for \d+ s more|has expired); retrying in/)
    expect(calls).toBeGreaterThanOrEqual(4)
  })

  it('ends once the token is there, with 6, under a role that can’t be renewed', async () => {
    servers = await startClientServers({ role: { reenrollment: 'never' } })
    const args = ['--renew', '--out', 'once.jwt', '--json']
    const run = await until(args, () => false)
    expect(run.status).toBe(6)
    expect(run.stderr).toMatch(
      /^rollcall: the role worker does not let this instance enroll again\nThe token is valid for 300 s/,
    )
    expect(JSON.parse(run.stdout)).toMatchObject({ renewable: false, role: ROLE })
    expect(claimsOf(readFileSync(join(command.folder, 'once.jwt'), 'utf8'))).toMatchObject({
      role: ROLE,
    })
    expect(servers.bodiesOf('POST /v1/challenge')).toHaveLength(1)
  })

  it('ends with the status of the first enrollment when that fails', async () => {
    servers = await startClientServers({ role: { match: { owner_account_id: ['1'] } } })
    expect((await until(['--renew', '--out', 'never.jwt'], () => false)).status).toBe(4)
  })
})
