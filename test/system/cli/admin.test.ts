// `rollcall admin` as a process: what needs real signals and a real pipe.

import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ACCOUNT,
  type AdminService,
  REGION,
  type Trouble,
  startAdminServiceFor,
} from '../../support/admin-service.ts'
import { type ProcessOptions, buildCommand } from '../../support/command-process.ts'
import { waitUntil } from '../../support/processes.ts'

const range = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `i-${prefix}${i}`)

let service: AdminService<ProcessOptions>
beforeEach(async () => {
  service = await startAdminServiceFor(buildCommand)
})
afterEach(() => service.close())

const writeList = (text: string): string => {
  const file = join(service.command.folder, 'living.txt')
  writeFileSync(file, text)
  utimesSync(file, Date.now() / 1000, Date.now() / 1000)
  return file
}

const prune = (living: string, args: readonly string[] = [], options: ProcessOptions = {}) =>
  service.admin(
    ['prune', '--living', living, '--account', ACCOUNT, '--region', REGION, ...args],
    options,
  )

const deletions = (): number => service.requests.filter((it) => it.method === 'DELETE').length

const slow: Trouble = async ({ method }) => {
  if (method === 'DELETE') await setTimeout(100)
  return undefined
}

describe('rollcall admin prune', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)('goes on after %s, run again', async (signal) => {
    const ids = range('dead', 60)
    await service.seed([...ids, 'i-lives'].map((id) => ({ id })))
    const list = writeList('i-lives')
    service.troubles.push(...Array.from({ length: 70 }, () => slow))
    const started: NonNullable<ProcessOptions['started']> = (child) => {
      const begun = (): boolean => deletions() >= 9
      void waitUntil(begun, { seconds: 20, what: 'deletions' }).then(() => child.kill(signal))
    }
    const first = await prune(list, ['--yes'], { started })
    if (signal === 'SIGINT') {
      expect(first.status).toBe(6)
      expect(first.stderr).toContain(
        'finishing the calls in progress; interrupt again to stop at once',
      )
      expect(first.stderr).toMatch(/\d+ are left; run the same command again to continue/)
      const [, forgotten, notTried] =
        /forgotten: (\d+), already gone: 0, failed: 0, not tried: (\d+)/.exec(first.stdout) ?? []
      expect(Number(forgotten) + Number(notTried)).toBe(60)
      expect(await service.known()).toHaveLength(Number(notTried) + 1)
    } else expect(first.status).toBe(null)
    service.troubles.length = 0
    const left = (await service.known()).length - 1
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThan(60)
    const second = await prune(list, ['--yes'])
    expect(second).toMatchObject({ status: 0 })
    expect(second.stdout).toContain(`forgotten: ${left}, already gone: 0\n`)
    expect(await service.known()).toEqual(['i-lives'])
  })
})

describe('rollcall admin list', () => {
  it('ends quietly when the reader of its output ends', async () => {
    const { stderr, status } = await service.admin(['list', '--all'], {
      started: (child) => child.stdout?.destroy(),
    })
    expect(stderr).toBe('')
    expect([0, 1]).toContain(status)
  })
})
