// `rollcall admin list` over many pages, some of them empty.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { forgetRecord, changeInstance } from '../../../../src/registry/instances.ts'
import { jsonLines } from '../../../support/command.ts'
import {
  ACCOUNT,
  type AdminService,
  REGION,
  startAdminService,
} from '../../../support/admin-service.ts'
import { problem } from '../../../support/problem.ts'

const COUNT = 250
const OTHER_ACCOUNT = '42'
const OTHER_REGION = 'cn-beijing'
const FORGOTTEN = 30

let service: AdminService
beforeAll(async () => {
  service = await startAdminService()
  // First those that are forgotten, so that the first pages are empty; then all others.
  const forgotten = Array.from({ length: FORGOTTEN }, (_, i) => `i-f${i}`)
  await service.seed(forgotten.map((id) => ({ id })))
  for (const instanceId of forgotten) {
    const name = { ownerAccountId: ACCOUNT, regionId: REGION, instanceId }
    await changeInstance(service.ledger, name, forgetRecord, () => Math.floor(Date.now() / 1000))
  }
  await service.seed(Array.from({ length: COUNT }, (_, i) => ({ id: `i-${i}` })))
  await service.seed([
    { id: 'i-a', account: OTHER_ACCOUNT },
    { id: 'i-b', region: OTHER_REGION },
  ])
})
afterEach(() => {
  service.requests.length = 0
  service.troubles.length = 0
})
afterAll(() => service.close())

const list = async (...args: string[]) => {
  const { status, stdout, stderr } = await service.admin(['list', '--json', ...args])
  const [, cursor] = /^rollcall: more: --cursor (\S+), or --all$/m.exec(stderr) ?? []
  return { status, stderr, cursor, ids: jsonLines(stdout).map((it) => String(it['instance_id'])) }
}

describe('rollcall admin list', () => {
  it('lists all of them with --all, each once', async () => {
    const { ids, stderr } = await list('--all')
    expect(stderr).toBe('')
    expect(new Set(ids).size).toBe(COUNT + 2)
    expect(ids).toHaveLength(COUNT + 2)
    expect(service.requests).toHaveLength(Math.ceil((FORGOTTEN + COUNT + 2) / 100))
  })

  it('gives a page at a time, follows empty ones, and says where to go on', async () => {
    const found: string[] = []
    let at: string | undefined
    let runs = 0
    do {
      const page = await list('--limit', '60', ...(at === undefined ? [] : ['--cursor', at]))
      expect(page.status).toBe(0)
      expect(page.ids.length).toBeGreaterThan(0)
      found.push(...page.ids)
      at = page.cursor
      runs++
    } while (at !== undefined)
    expect(found).toHaveLength(COUNT + 2)
    expect(runs).toBe(5)
  })

  it('passes over pages that are empty, without --all', async () => {
    const { ids, cursor } = await list('--limit', '10')
    expect(ids).toHaveLength(10)
    expect(cursor).toBeDefined()
    expect(service.requests).toHaveLength(FORGOTTEN / 10 + 1)
  })

  it('picks an account and a region, wherever they are', async () => {
    expect((await list('--account', OTHER_ACCOUNT)).ids).toEqual(['i-a'])
    expect((await list('--region', OTHER_REGION)).ids).toEqual(['i-b'])
    expect((await list('--all', '--account', ACCOUNT, '--region', REGION)).ids).toHaveLength(COUNT)
    expect((await list('--account', '7')).ids).toEqual([])
  })

  it('says that the output is not complete when a later page fails', async () => {
    service.troubles.push(
      () => undefined,
      () => problem('internal_error'),
    )
    const { status, ids, stderr } = await list('--all', '--retries', '0')
    expect(status).toBe(6)
    expect(ids).toHaveLength(100 - FORGOTTEN)
    expect(stderr).toContain('The output is incomplete')
  })

  it('gives up on a list that goes round in a circle', async () => {
    const again = (): Response => Response.json({ instances: [], cursor: 'x' })
    service.troubles.push(again, again)
    const { status, stderr } = await list()
    expect(status).toBe(5)
    expect(stderr).toContain('the list does not advance')
  })
})
