// `rollcall exchange`: what it writes where, how it ends, and what it never shows.

import { chmodSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { oauthErrorResponse } from '../../../src/http/oauth-error.ts'
import { APP, BOUND_APP, type BoundToken, createBoundToken } from '../../support/bound-token.ts'
import { unavailable } from '../../support/client-servers.ts'
import {
  type RollcallCommand,
  type Run,
  type RunOptions,
  createCommand,
} from '../../support/command.ts'
import { generateInstanceKey } from '../../support/instance-key.ts'
import { reservePort } from '../../support/ports.ts'
import { htmlPage, problem } from '../../support/problem.ts'
import { ROLE, claimsOf } from '../../support/test-enroller.ts'

let command: RollcallCommand
let bound: BoundToken
beforeAll(async () => {
  command = createCommand(() => [...bound.secrets, bound.accessToken])
  bound = await createBoundToken(command.folder)
})
afterEach(() => {
  bound.servers.intercept = () => undefined
})
afterAll(async () => {
  await bound.servers.close()
  command.remove()
})

const file = (name: string): string => join(command.folder, name)

const exchange = (args: readonly string[] = [], options: RunOptions = {}): Promise<Run> =>
  command.run(
    [
      'exchange',
      bound.servers.url,
      '--token',
      'token.jwt',
      '--dpop-key',
      'key.json',
      '--audience',
      APP,
      ...args,
    ],
    { timing: bound.servers.timing, ...options },
  )

describe('rollcall exchange', () => {
  it('prints the new token and nothing else', async () => {
    const { status, stdout, stderr } = await exchange()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).not.toContain('\n')
    const claims = claimsOf(stdout)
    expect(claims).toMatchObject({ iss: bound.servers.url, aud: [APP], role: ROLE })
    expect(claims['enrollment_jti']).toBe(claimsOf(bound.accessToken)['jti'])
  })

  it('reads the token from standard input, or from the file that the environment names', async () => {
    const piped = await exchange(['--token', '-'], { stdin: `${bound.accessToken}\n` })
    expect(piped, piped.stderr).toMatchObject({ status: 0 })
    const args = ['exchange', bound.servers.url, '--dpop-key', 'key.json', '--audience', APP]
    const env = { ROLLCALL_TOKEN_FILE: 'token.jwt', ROLLCALL_ATTEMPTS: '' }
    const named = await command.run(args, { env, timing: bound.servers.timing })
    expect(named, named.stderr).toMatchObject({ status: 0 })
  })

  it('writes a file that only its owner can read, in place of the old one', async () => {
    writeFileSync(file('app.jwt'), 'eyJold', { mode: 0o644 })
    const before = readdirSync(command.folder)
    const { status, stdout, stderr } = await exchange(['--out', 'app.jwt'])
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
    expect(stderr).toBe(
      `rollcall: exchanged; the token is in ${file('app.jwt')} and valid for 120 s\n`,
    )
    expect(statSync(file('app.jwt')).mode & 0o777).toBe(0o600)
    expect(claimsOf(readFileSync(file('app.jwt'), 'utf8'))).toMatchObject({ aud: [APP] })
    expect(readdirSync(command.folder)).toEqual(before)
  })

  it('prints one JSON document with --json, whose expires_at is the exp of the token', async () => {
    const { stdout } = await exchange(['--json', '--audience', BOUND_APP])
    const printed = JSON.parse(stdout) as { access_token: string; expires_at: string }
    expect(printed).toEqual({
      access_token: expect.stringMatching(/^ey/),
      token_type: 'DPoP',
      expires_in: 60,
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      audience: BOUND_APP,
    })
    expect(Date.parse(printed.expires_at) / 1000).toBe(claimsOf(printed.access_token)['exp'])
    const kept = JSON.parse((await exchange(['--json', '--out', 'app.jwt'])).stdout) as object
    expect(kept).toMatchObject({ audience: APP, token_file: file('app.jwt') })
    expect(kept).not.toHaveProperty('access_token')
  })

  it('leaves the old token when it is refused', async () => {
    writeFileSync(file('kept.jwt'), 'eyJold')
    const run = await exchange(['--out', 'kept.jwt', '--audience', 'https://no.example'])
    expect(run.status).toBe(4)
    expect(run.stderr).toContain('(invalid_target)')
    expect(run.stderr).toContain('The policy must list it in "exchange" of the role')
    expect(readFileSync(file('kept.jwt'), 'utf8')).toBe('eyJold')
  })

  it('works with a clock that is wrong by a year, by the time since the file was written', async () => {
    const { timing } = bound.servers
    const now = (): number => timing.now() - 3e7
    utimesSync(file('token.jwt'), now() - 1, now() - 1)
    const { status, stderr } = await exchange([], { timing: { ...timing, now } })
    expect(status, stderr).toBe(0)
    expect(stderr).toContain('using the time since token.jwt was written')
  })

  it('works with a clock that is wrong and a token from a pipe, by the Date of the service', async () => {
    const { timing } = bound.servers
    const shifted = { ...timing, now: () => timing.now() + 3e7 }
    const run = await exchange(['--token', '-'], { stdin: bound.accessToken, timing: shifted })
    expect(run.status, run.stderr).toBe(0)
    expect(run.stderr).toContain('the proof was refused; making a new one')
  })

  it('repeats a lost answer with a new proof', async () => {
    let isLost = false
    bound.servers.intercept = async (request, pass) => {
      if (isLost) return undefined
      isLost = true
      await pass(request)
      return unavailable()
    }
    const { length } = bound.servers.requests
    const { status, stderr } = await exchange()
    expect(status).toBe(0)
    expect(stderr).toMatch(/the service answered 503.*; retrying in \d/)
    const proofs = bound.servers.requests.slice(length).map(({ dpop }) => claimsOf(dpop ?? ''))
    expect(new Set(proofs.map(({ jti }) => jti)).size).toBe(2)
  })

  it.each<readonly [string, () => Response, number, string]>([
    ['is not available', unavailable, 5, 'is not available (the service answered 503'],
    ['limits the rate', () => problem('rate_limited'), 5, 'try again later'],
    ['has a portal in front', () => htmlPage(200), 5, 'something else answers at http'],
    ['has no exchange', () => problem('not_found'), 5, 'seem to be of different versions'],
    ['refuses the token', () => oauth('invalid_grant'), 4, 'Enroll again, and exchange the new'],
    ['refuses the proof', () => oauth('invalid_dpop_proof'), 4, 'Correct the clock'],
  ])('ends as enroll does if the service %s', async (_, answer, status, said) => {
    bound.servers.intercept = answer
    const run = await exchange(['--attempts', '2', '--out', 'never.jwt'])
    expect(run).toMatchObject({ status, stdout: '' })
    expect(run.stderr).toContain(said)
    expect(readdirSync(command.folder)).not.toContain('never.jwt')
  })

  it('ends with 5 if nobody listens', async () => {
    const port = await reservePort()
    const url = `http://127.0.0.1:${port}`
    const token = `e30.${Buffer.from(
      JSON.stringify({ iss: url, cnf: { jkt: bound.dpopKey.thumbprint } }),
    ).toString('base64url')}.AA`
    const args = ['--dpop-key', 'key.json', '--audience', APP, '--attempts', '1']
    const run = await command.run(['exchange', url, '--token', '-', ...args], { stdin: token })
    expect(run.status).toBe(5)
    expect(run.stderr).toContain('is not available (the connection was refused')
  })

  it.each<readonly [string, readonly string[], string]>([
    ['no audience', ['--audience', ''], '--audience is missing: give the name'],
    ['no token', ['--token', ''], '--token is missing: give FILE, or set ROLLCALL_TOKEN_FILE'],
    ['a file that is missing', ['--token', 'no.jwt'], '--token: cannot read no.jwt (ENOENT)'],
    ['a file that is no token', ['--token', 'key.json'], 'expected only an enrollment token'],
    ['a key that is missing', ['--dpop-key', 'no.json'], '--dpop-key: cannot read no.json'],
    ['the key in place of the token', ['--out', 'key.json'], 'would replace the key'],
    ['one file for both tokens', ['--out', 'token.jwt'], 'would replace the token of the enr'],
    ['a folder to write to', ['--out', '.'], '--out: . is a folder'],
  ])('asks the service for nothing with %s', async (_, args, said) => {
    const { length } = bound.servers.requests
    const run = await exchange(args)
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(said)
    expect(bound.servers.requests).toHaveLength(length)
  })

  it('sends no token to another service, and none with another key', async () => {
    const { length } = bound.servers.requests
    const other = bound.servers.url.replace('127.0.0.1', 'localhost')
    const args = ['--token', 'token.jwt', '--dpop-key', 'key.json', '--audience', APP]
    const run = await command.run(['exchange', other, ...args])
    expect(run.status).toBe(2)
    expect(run.stderr).toContain('give the address of the service that issued the token')
    writeFileSync(file('other.json'), JSON.stringify(await generateInstanceKey()))
    chmodSync(file('other.json'), 0o600)
    const wrongKey = await exchange(['--dpop-key', 'other.json'])
    expect(wrongKey.status).toBe(2)
    expect(wrongKey.stderr).toContain('use the key of the enrollment')
    expect(bound.servers.requests).toHaveLength(length)
  })
})

const oauth = (error: 'invalid_grant' | 'invalid_dpop_proof'): Response =>
  oauthErrorResponse({ error, requestId: 'r-1', issuer: bound.servers.url })
