// `rollcall enroll` with --exec and --renew: what it starts, when it enrolls again, and how it ends.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROLE, claimsOf } from '../../support/test-enroller.ts'
import { waitUntil } from '../../support/processes.ts'
import {
  type ClientServers,
  type ClientServersOptions,
  isEnroll,
  startClientServers,
  unavailable,
} from '../../support/client-servers.ts'
import type { RollcallCommand, Run, RunOutput } from '../../support/command.ts'
import { type ProcessOptions, buildCommand } from '../../support/command-process.ts'
import { requireTool } from '../../support/requirements.ts'

let command: RollcallCommand<ProcessOptions>
const started: ClientServers[] = []
beforeAll(async () => {
  command = await buildCommand()
})
afterAll(async () => {
  await Promise.all(started.map((servers) => servers.close()))
  command.remove()
})

/** A service of one test, and a folder for what its commands write. */
const open = async (options?: ClientServersOptions) => {
  const servers = await startClientServers(options)
  started.push(servers)
  const folder = mkdtempSync(join(command.folder, 'test-'))
  const file = (name: string): string => join(folder, name)
  const read = (name: string): string => readFileSync(file(name), 'utf8')

  const enroll = (args: readonly string[], options: ProcessOptions = {}): Promise<Run> => {
    const common = ['--role', ROLE, '--metadata-url', servers.metadataUrl]
    return command.run(['enroll', servers.url, ...common, ...args], {
      env: { TMPDIR: folder },
      ...options,
    })
  }

  return {
    servers,
    file,
    read,
    enroll,
    lines: (name: string): string[] =>
      existsSync(file(name))
        ? read(name)
            .split('\n')
            .filter((line) => line !== '')
        : [],
    /** Temporary folders with a token. */
    leftOver: (): string[] => readdirSync(folder).filter((name) => name.startsWith('rollcall-')),
    /** Starts, waits for a condition, sends a signal, and waits for the end. */
    async until(
      args: readonly string[],
      what: string,
      condition: (output: RunOutput) => boolean,
      {
        signal = 'SIGTERM',
        env = {},
      }: { readonly signal?: NodeJS.Signals; readonly env?: Record<string, string> } = {},
    ): Promise<Run> {
      let stopped: Promise<void> | undefined
      const run = await enroll(args, {
        env: { TMPDIR: folder, ...env },
        started: (child, output) => {
          const alive = (): boolean => child.exitCode === null
          stopped = waitUntil(() => condition(output), { seconds: 30, what, alive })
            .then(() => void child.kill(signal))
            .catch((error: unknown) => {
              child.kill('SIGKILL')
              throw error
            })
        },
      })
      await stopped
      return run
    },
  }
}

describe.concurrent('rollcall enroll --exec', () => {
  it('gives the token by the name of a file, which is gone afterwards, and no argument holds it', async () => {
    const { servers, read, enroll, leftOver } = await open()
    const script =
      'cat "$ROLLCALL_TOKEN_FILE"; ls -l "$ROLLCALL_TOKEN_FILE" >&2; ps -eo args >"$TMPDIR/ps.txt"'
    const { status, stdout, stderr } = await enroll(['--exec', script])
    expect(status).toBe(0)
    expect(claimsOf(stdout)).toMatchObject({ role: ROLE })
    expect(stderr).toMatch(/^-rw------- .*\/token$/m)
    expect(leftOver()).toEqual([])
    expect(read('ps.txt')).not.toContain(stdout)
    expect(servers.bodiesOf('POST /v1/enroll')).toHaveLength(1)
  })

  it('gives the file of --out, which stays', async () => {
    const { file, read, enroll } = await open()
    const args = ['--out', file('exec.jwt'), '--exec', 'printf %s "$ROLLCALL_TOKEN_FILE"']
    const { status, stdout } = await enroll(args)
    expect({ status, stdout }).toEqual({ status: 0, stdout: file('exec.jwt') })
    expect(claimsOf(read('exec.jwt'))).toMatchObject({ role: ROLE })
  })

  it('ends with 6 when the command fails, and keeps the token', async () => {
    const { file, read, enroll } = await open()
    const { status, stderr } = await enroll(['--out', file('failed.jwt'), '--exec', 'exit 7'])
    expect(status).toBe(6)
    expect(stderr).toContain('the command ended with exit status 7')
    expect(claimsOf(read('failed.jwt'))).toMatchObject({ role: ROLE })
  })

  it('does not run anything when there is no token', async () => {
    const { enroll } = await open({ role: { match: { owner_account_id: ['1'] } } })
    expect(await enroll(['--exec', 'echo ran'])).toMatchObject({ status: 4, stdout: '' })
  })

  it('ends the command and removes its token when it is interrupted', async () => {
    const { file, leftOver, until } = await open()
    const script =
      'trap "echo >$TMPDIR/ended; exit" TERM; sleep 60 >&- 2>&- & ls "$ROLLCALL_TOKEN_FILE"; wait'
    const ready = ({ stdout }: { stdout: string }): boolean => stdout.includes('/token')
    const run = await until(['--exec', script], 'the command', ready, { signal: 'SIGINT' })
    expect(run.status).toBe(130)
    expect(leftOver()).toEqual([])
    await waitUntil(() => existsSync(file('ended')), { seconds: 5, what: 'the end of the command' })
  })
})

describe.concurrent('rollcall enroll --renew', () => {
  it('enrolls again at two thirds of the lifetime, and ends with 0 on SIGTERM', async () => {
    const { servers, file, read, lines, until } = await open({ lifetimeSeconds: 3 })
    const times: number[] = []
    servers.intercept = (request) => {
      if (isEnroll(request)) times.push(performance.now())
      return undefined
    }
    const args = [
      '--renew',
      '--out',
      file('renewed.jwt'),
      '--exec',
      'cat "$ROLLCALL_TOKEN_FILE" >>"$TMPDIR/all"; echo >>"$TMPDIR/all"',
    ]
    const run = await until(args, 'three tokens', () => lines('all').length >= 3)
    expect(run.status).toBe(0)
    const tokens = lines('all')
    expect(new Set(tokens.map((token) => claimsOf(token)['jti'])).size).toBe(tokens.length)
    const gaps = times.slice(1).map((time, at) => time - (times[at] as number))
    // Of 3 seconds, two thirds, and up to a tenth of that less.
    for (const gap of gaps) expect(gap).toBeGreaterThan(1_750)
    expect(claimsOf(read('renewed.jwt'))).toMatchObject({ role: ROLE })
  })

  it('goes on when the command fails, and ends one that is still running when the next is due', async () => {
    const { lines, until } = await open({ lifetimeSeconds: 2 })
    const script =
      'cd "$TMPDIR"; echo run >>runs; if [ "$(wc -l <runs)" = 1 ]; then sleep 60; else exit 3; fi'
    const args = ['--renew', '--exec', script]
    const run = await until(args, 'three runs', () => lines('runs').length >= 3)
    expect(run.status).toBe(0)
    expect(run.stderr).toMatch(/--exec: the command was stopped because the next token is due/)
    expect(run.stderr).toMatch(/the command ended with exit status 3/)
  })

  it('ends with 0 on SIGTERM while it waits for the service', async () => {
    const { servers, file, until } = await open({ lifetimeSeconds: 2 })
    let calls = 0
    servers.intercept = (request) => {
      if (!isEnroll(request)) return undefined
      return calls++ > 0 ? unavailable({ 'Retry-After': '60' }) : undefined
    }
    const args = ['--renew', '--out', file('waiting.jwt')]
    const waits = ({ stderr }: { stderr: string }): boolean => /retrying in 6/.test(stderr)
    expect((await until(args, 'the wait', waits)).status).toBe(0)
  })

  it('renews within seconds when the machine has been suspended past the renewal', async (context) => {
    const faketime = requireTool(context, 'faketime', 'apt-get install faketime')
    // The library that it loads into a process; given a file, that process's wall clock follows the file.
    const library = execFileSync(faketime, ['-m', '-f', '+0', 'printenv', 'LD_PRELOAD'])
    const { servers, file, lines, until } = await open({ lifetimeSeconds: 60 })
    const clock = file('clock')
    writeFileSync(clock, '+0')
    const times: number[] = []
    servers.intercept = (request) => {
      if (isEnroll(request)) times.push(performance.now())
      return undefined
    }
    const args = ['--renew', '--exec', 'echo token >>"$TMPDIR/all"']
    let suspendedAt = 0
    const isDone = (): boolean => {
      if (lines('all').length === 1 && suspendedAt === 0) {
        suspendedAt = performance.now()
        // As after an hour of hibernation: the monotonic clock has stood still.
        writeFileSync(clock, '+3600')
      }
      return lines('all').length >= 2
    }
    const run = await until(args, 'the second token', isDone, {
      env: {
        LD_PRELOAD: library.toString().trim(),
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
    })
    expect(run.status).toBe(0)
    // Two thirds of the lifetime would be 36 to 40 seconds.
    expect((times[1] as number) - suspendedAt).toBeLessThan(15_000)
  })
})
