// `rollcall ledger renew-epoch`, as a process against a real Redis.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openLedger } from '../../../src/ledger/open.ts'
import { reservePort } from '../../support/ports.ts'
import { type RedisServer, requireRedis, startRedisServer } from '../../support/redis-server.ts'
import { type RollcallCommand, type Run, createCommand } from '../../support/command.ts'

const ISSUER = 'https://rollcall.test'
const MOVED = 'https://enroll.test'
const SECRET = 'Geheim-of-the-test-9731'

let command: RollcallCommand
beforeAll(async () => {
  command = createCommand(() => [SECRET])
})
afterAll(() => command.remove())

const renew = (env: Record<string, string>, ...args: readonly string[]): Promise<Run> =>
  command.run(['ledger', 'renew-epoch', ...args], { env: { ROLLCALL_ISSUER: ISSUER, ...env } })

/** A Redis with a password, its URL, and the epoch that it has. */
const redisFor = async (
  context: TestContext,
): Promise<RedisServer & { ledger: string; epoch(): Promise<string> }> => {
  requireRedis(context)
  const server = await startRedisServer({ settings: [`user app on >${SECRET} ~* +@all`] })
  onTestFinished(() => server.close())
  const ledger = server.url.replace('//', `//app:${SECRET}@`)
  return { ...server, ledger, epoch: () => server.cli('get', 'rollcall:ledger:epoch') }
}

const begin = async (url: string, issuer = ISSUER): Promise<void> => {
  const ledger = await openLedger({ kind: 'redis', url }, { issuer, report: () => {} })
  await ledger.close?.()
}

describe('rollcall ledger renew-epoch', () => {
  it('begins the ledger anew, and says what it did and what follows', async (context) => {
    const { ledger, epoch } = await redisFor(context)
    await begin(ledger)
    const before = await epoch()
    const run = await renew({ ROLLCALL_LEDGER: ledger })
    expect(run).toMatchObject({ status: 0, stderr: '' })
    expect(run.stdout).toMatch(/^The ledger now begins at 20.*Z \(it began at 20.*Z\)\.$/m)
    expect(run.stdout).toMatch(/^Challenges and operators' tokens made before .* are refused\.$/m)
    expect(run.stdout).toMatch(/^Running services notice within 5 seconds\./m)
    const after = await epoch()
    expect(after).not.toBe(before)
    expect(after.split(' ')[3]).toBe(ISSUER)
    expect(Math.abs(Number(after.split(' ')[2]) - Date.now() / 1000)).toBeLessThan(10)
  })

  it('reads the ledger from a file, prints JSON, and makes an epoch where there is none', async (context) => {
    const { ledger, epoch } = await redisFor(context)
    const file = join(command.folder, 'ledger-url')
    writeFileSync(file, `${ledger}\n`)
    const run = await renew({ ROLLCALL_LEDGER_FILE: file }, '--json')
    expect(run).toMatchObject({ status: 0, stderr: '' })
    expect(JSON.parse(run.stdout)).toEqual({ epoch: expect.any(String), issuer: ISSUER })
    expect(await epoch()).toContain(ISSUER)
  })

  it('moves a ledger to another issuer, once or again, and no stranger can', async (context) => {
    const { ledger, epoch } = await redisFor(context)
    await begin(ledger)
    const stranger = await renew({ ROLLCALL_LEDGER: ledger, ROLLCALL_ISSUER: MOVED })
    expect(stranger).toMatchObject({ status: 2, stdout: '' })
    expect(stranger.stderr).toMatch(/belongs to https:\/\/rollcall\.test, not to .*--issuer/)
    for (let i = 0; i < 2; i++) {
      const run = await renew({ ROLLCALL_LEDGER: ledger }, '--issuer', MOVED)
      expect(run).toMatchObject({ status: 0, stderr: '' })
      if (i === 0) expect(run.stdout).toContain(`now belongs to ${MOVED}`)
      expect(await epoch()).toContain(MOVED)
    }
    await begin(ledger, MOVED)
    await expect(begin(ledger)).rejects.toThrow(/belongs to https:\/\/enroll\.test/)
  })

  it.each([
    ['no ledger', {}, /ROLLCALL_LEDGER is not set/],
    ['a ledger twice', { ROLLCALL_LEDGER: 'x', ROLLCALL_LEDGER_FILE: 'x' }, /together with/],
    ['a ledger in memory', { ROLLCALL_LEDGER: 'memory:' }, /ROLLCALL_LEDGER: expected sqlite:PATH/],
    ['a forgetful path', { ROLLCALL_LEDGER: 'sqlite::memory:' }, /database in memory/],
    ['a byte order mark', { ROLLCALL_LEDGER: '\uFEFFsqlite:a.db' }, /byte order mark \(BOM\)/],
    ['no issuer', { ROLLCALL_LEDGER: 'sqlite:a.db', ROLLCALL_ISSUER: ' ' }, /ISSUER is empty/],
    [
      'a bad issuer',
      { ROLLCALL_LEDGER: 'sqlite:a.db', ROLLCALL_ISSUER: 'x' },
      /ISSUER: is not an http or https URL/,
    ],
  ])('refuses %s, with exit status 2', async (_, env, expected) => {
    const run = await renew(env as Record<string, string>)
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toMatch(expected)
  })

  it('ends with 5 if the ledger does not answer, and tells no password', async () => {
    const url = `redis://app:${SECRET}@127.0.0.1:${await reservePort()}`
    const run = await renew({ ROLLCALL_LEDGER: url })
    expect(run).toMatchObject({ status: 5, stdout: '' })
    expect(run.stderr).toMatch(/cannot be reached \(ECONNREFUSED\)/)
  })
})
