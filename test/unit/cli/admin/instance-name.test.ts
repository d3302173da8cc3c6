// `rollcall admin show`, `reset`, `revoke` and `forget` by the id of the instance alone.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ACCOUNT,
  type AdminService,
  REGION,
  startAdminService,
} from '../../../support/admin-service.ts'

const ID = 'i-bp1wanted'
const ACTIONS = ['show', 'reset', 'revoke', 'forget'] as const

let service: AdminService
beforeEach(async () => {
  service = await startAdminService()
})
afterEach(() => service.close())

describe.each(ACTIONS)('rollcall admin %s INSTANCE', (action) => {
  it('finds the account and region, on whichever page of the list they are', async () => {
    const others = Array.from({ length: 1100 }, (_, at) => ({ id: `i-other${at}` }))
    await service.seed([...others, { id: ID, account: '7', region: 'cn-beijing' }])
    const { status, stderr, stdout } = await service.admin([action, ID, '--json'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      owner_account_id: '7',
      region_id: 'cn-beijing',
      instance_id: ID,
    })
    const actions = service.events.map((event) => event.action)
    expect(actions).toEqual(['list', 'list', action])
  })

  it('changes nothing, and lists them, if several instances have the id', async () => {
    await service.seed([{ id: ID }, { id: ID, region: 'cn-beijing' }, { id: 'i-other' }])
    const { status, stdout, stderr } = await service.admin([action, ID])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('2 instances have this id; name one with its account and region:')
    expect(stderr).toContain(`\n  ${ACCOUNT} ${REGION} ${ID}`)
    expect(stderr).toContain(`\n  ${ACCOUNT} cn-beijing ${ID}`)
    expect(stderr).not.toContain('i-other')
    expect(service.events.map((event) => event.action)).toEqual(['list'])
  })

  it('takes two serial numbers at one address for one name', async () => {
    await service.seed([{ id: ID, serials: ['a', 'b'] }])
    expect(await service.admin([action, ID])).toMatchObject({ status: 0, stderr: '' })
  })

  it('ends with 4 if no instance has the id', async () => {
    await service.seed([{ id: 'i-other' }])
    const { status, stdout, stderr } = await service.admin([action, ID])
    expect({ status, stdout }).toEqual({ status: 4, stdout: '' })
    expect(stderr).toContain(`the service knows no instance ${ID}; check the id`)
  })
})
