// `rollcall admin prune`: what goes is exactly what the list doesn't name and should know.

import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Run, RunOptions } from '../../../support/command.ts'
import {
  ACCOUNT,
  type AdminService,
  REGION,
  startAdminService,
} from '../../../support/admin-service.ts'
import { problem } from '../../../support/problem.ts'

const HOUR_SECONDS = 3600
const now = (): number => Math.floor(Date.now() / 1000)
const range = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `i-${prefix}${i}`)

let service: AdminService
beforeEach(async () => {
  service = await startAdminService()
})
afterEach(() => service.close())

/** Writes a list that is some time old. */
const writeList = (text: string, ageSeconds = 0): string => {
  const file = join(service.command.folder, 'living.txt')
  writeFileSync(file, text)
  utimesSync(file, now() - ageSeconds, now() - ageSeconds)
  return file
}

const prune = (living: string, args: readonly string[] = [], options: RunOptions = {}) =>
  service.admin(
    ['prune', '--living', living, '--account', ACCOUNT, '--region', REGION, ...args],
    options,
  )

interface Document {
  readonly dry_run: boolean
  readonly living: number
  readonly newer_than_list: number
  readonly instances: readonly { readonly instance_id: string; readonly outcome: string }[]
}

const documentOf = ({ stdout }: Run): Document => JSON.parse(stdout) as Document

const deletions = (): number => service.requests.filter((it) => it.method === 'DELETE').length

describe('rollcall admin prune', () => {
  it('shows what would go, and changes nothing without --yes', async () => {
    await service.seed([{ id: 'i-lives' }, { id: 'i-gone', lastAt: 1_700_000_000 }])
    const list = writeList('# alive\n\n  i-lives # web\r\n')
    const { status, stdout, stderr } = await prune(list)
    expect(status).toBe(0)
    expect(stdout).toMatch(/^i-gone +\d{4}-\S+ +2023-11-14T22:13:20Z$/m)
    expect(stdout).toContain('kept: 1 in the list, 0 first enrolled after')
    expect(stdout).toContain('would forget: 1; nothing was changed; add --yes to forget them\n')
    expect(stdout).not.toContain('i-lives')
    expect(stderr).toBe(`page 1: 2 instances of ${ACCOUNT}/${REGION}\n`)
    expect(documentOf(await prune(list, ['--json']))).toMatchObject({
      dry_run: true,
      living: 1,
      instances: [{ instance_id: 'i-gone', outcome: 'would_forget' }],
    })
    expect(deletions()).toBe(0)
    expect(await service.known()).toHaveLength(2)
  })

  it('forgets with --yes what an instance really enrolled as, and its tokens are revoked', async () => {
    const token = await service.enroll('i-gone')
    await service.enroll('i-lives')
    // It enrolled just now: the list has to be from later than five minutes after that.
    const tooFresh = await prune(writeList('i-lives'), ['--yes'])
    expect(tooFresh.status).toBe(0)
    expect(tooFresh.stdout).toContain('kept: 1 in the list, 1 first enrolled after')
    expect(tooFresh.stdout).toContain('forgotten: 0, already gone: 0\n')
    await service.seed([{ id: 'i-old' }])
    const { status, stdout } = await prune(writeList('i-lives'), ['--yes'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^i-old /m)
    expect(stdout).toContain('forgotten: 1, already gone: 0\n')
    expect((await service.known()).toSorted()).toEqual(['i-gone', 'i-lives'])
    const introspection = await service.admin(['introspect', '--json'], { stdin: token })
    expect(introspection.stdout).toContain('"active":true')
  })

  it('goes through hundreds page by page, and leaves other accounts and regions alone', async () => {
    const dead = range('dead', 230)
    await service.seed([...dead, ...range('lives', 20)].map((id) => ({ id })))
    await service.seed([
      { id: 'i-elsewhere', region: 'cn-beijing' },
      { id: 'i-theirs', account: '42' },
    ])
    const run = await prune(writeList(range('lives', 20).join('\n')), ['--yes', '--json'])
    expect(run.status).toBe(0)
    expect(run.stderr.trimEnd().split('\n')).toEqual([
      `page 1: 100 instances of ${ACCOUNT}/${REGION}`,
      `page 2: 200 instances of ${ACCOUNT}/${REGION}`,
      `page 3: 250 instances of ${ACCOUNT}/${REGION}`,
      'forgotten 100 of 230',
      'forgotten 200 of 230',
      'forgotten 230 of 230',
    ])
    const { instances, living, dry_run: dry } = documentOf(run)
    expect({ dry, living }).toEqual({ dry: false, living: 20 })
    expect(instances.map((it) => it.instance_id).toSorted()).toEqual(dead.toSorted())
    expect(new Set(instances.map(({ outcome }) => outcome))).toEqual(new Set(['forgotten']))
    expect(deletions()).toBe(230)
    const known = await service.known()
    const left = [...range('lives', 20), 'i-elsewhere', 'i-theirs']
    expect(known.toSorted()).toEqual(left.toSorted())
  })

  it('leaves alone what the list cannot know, to the second', async () => {
    const age = HOUR_SECONDS
    const boundary = now() - age - 300
    await service.seed([
      { id: 'i-lives' },
      { id: 'i-known', firstAt: boundary - 2 },
      { id: 'i-later', firstAt: boundary + 2 },
      { id: 'i-back', firstAt: boundary - 2, lastAt: now() },
    ])
    const { instances, newer_than_list: newer } = documentOf(
      await prune(writeList('i-lives', age), ['--json']),
    )
    expect(instances.map((it) => it.instance_id).toSorted()).toEqual(['i-back', 'i-known'])
    expect(newer).toBe(1)
  })

  it('forgets two that share an id but for the serial number once', async () => {
    await service.seed([{ id: 'i-lives' }, { id: 'i-twice', serials: ['a', 'b', 'c'] }])
    const { stdout, status } = await prune(writeList('i-lives'), ['--yes'])
    expect(status).toBe(0)
    expect(stdout).toContain('forgotten: 1, already gone: 0\n')
    expect(deletions()).toBe(1)
    expect(await service.known()).toEqual(['i-lives'])
  })

  it.each([
    ['an empty list', '', 'names no instance. A command that failed leaves such a file'],
    ['a list of comments', '# none\n\n', 'names no instance'],
    ['a line that is no id', 'i-lives\nnull\n"i-a"\n', 'living.txt:2: not the id of an instance'],
    ['JSON', '["i-lives"]', 'living.txt:1: not the id of an instance'],
    ['two on a line', 'i-lives i-a', 'living.txt:1:'],
    ['very many bad lines', 'x\n'.repeat(50), 'and 40 lines more'],
  ])('refuses %s, and asks for nothing', async (_, text, message) => {
    const { status, stdout, stderr } = await prune(writeList(text), ['--yes'])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(service.requests).toEqual([])
  })

  it('refuses what is not a file of now or before', async () => {
    const missing = await prune('no/such', ['--yes'])
    expect(missing).toMatchObject({ status: 2 })
    expect(missing.stderr).toContain('cannot read no/such (ENOENT)')
    const folder = await prune('.', ['--yes'])
    expect(folder).toMatchObject({ status: 2 })
    expect(folder.stderr).toContain('. is not a regular file')
    const future = await prune(writeList('i-lives', -HOUR_SECONDS), ['--yes'])
    expect(future).toMatchObject({ status: 2 })
    expect(future.stderr).toContain('has a modification time in the future')
    expect(service.requests).toEqual([])
  })

  it('refuses a list that names nobody who enrolled, unless that is what is meant', async () => {
    await service.seed(range('a', 3).map((id) => ({ id })))
    const list = writeList('i-stranger')
    const shown = await prune(list)
    expect(shown.status).toBe(0)
    expect(shown.stderr).toContain('warning: no instance of the list (ids: 1)')
    const refused = await prune(list, ['--yes'])
    expect(refused.status).toBe(2)
    expect(refused.stderr).toContain('--none-enrolled')
    expect(await service.known()).toHaveLength(3)
    expect((await prune(list, ['--yes', '--none-enrolled'])).status).toBe(0)
    expect(await service.known()).toEqual([])
  })

  it('counts what somebody else was faster to forget', async () => {
    await service.seed([{ id: 'i-lives' }, { id: 'i-gone' }])
    service.troubles.push(
      () => undefined,
      async () => {
        await service.admin(['forget', ACCOUNT, REGION, 'i-gone'])
        return undefined
      },
    )
    const { status, stdout } = await prune(writeList('i-lives'), ['--yes'])
    expect(status).toBe(0)
    expect(stdout).toContain('forgotten: 0, already gone: 1\n')
  })

  it('goes on when one fails, and ends with exit status 6', async () => {
    await service.seed([...range('dead', 20), 'i-lives'].map((id) => ({ id })))
    service.troubles.push(
      () => undefined,
      () => problem('internal_error'),
    )
    const args = ['--yes', '--retries', '0']
    const { status, stdout, stderr } = await prune(writeList('i-lives'), args)
    expect(status).toBe(6)
    expect(stdout).toContain('forgotten: 19, already gone: 0, failed: 1, not tried: 0\n')
    expect(stderr).toContain('the service answered 500')
    expect(stderr).toContain('1 are left; run the same command again to continue')
  })

  it('stops when the service goes away midway, and ends with exit status 6', async () => {
    await service.seed([...range('dead', 40), 'i-lives'].map((id) => ({ id })))
    const away = (): Response => problem('unavailable')
    service.troubles.push(...Array.from({ length: 12 }, () => () => undefined))
    service.troubles.push(...Array.from({ length: 40 }, () => away))
    const { status, stdout, stderr } = await prune(writeList('i-lives'), [
      '--yes',
      '--retries',
      '0',
    ])
    expect(status).toBe(6)
    const [, forgotten, failed, notTried] =
      /forgotten: (\d+), already gone: 0, failed: (\d+), not tried: (\d+)/.exec(stdout) ?? []
    expect(Number(forgotten)).toBe(11)
    expect(Number(failed)).toBeLessThanOrEqual(8)
    expect(Number(forgotten) + Number(failed) + Number(notTried)).toBe(40)
    expect(stderr).toContain('the service answered 503')
  })

  it('ends as the service says when it refuses from the start', async () => {
    service.troubles.push(() => problem('unavailable'))
    const down = await prune(writeList('i-lives'), ['--yes', '--retries', '0'])
    expect(down).toMatchObject({ status: 5, stdout: '' })
    service.clockOffset = 400
    const refused = await prune(writeList('i-lives'), ['--yes'])
    expect(refused).toMatchObject({ status: 4, stdout: '' })
  })
})
