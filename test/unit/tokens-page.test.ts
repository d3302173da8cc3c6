// docs/tokens.md: the claims that it lists are those that a token has and that discovery names.

import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { ECS_FIELD_NAMES } from '../../src/policy/fields.ts'
import { discoveryDocument } from '../../src/token/discovery.ts'
import { enrolled } from '../support/http.ts'
import { tableRows } from '../support/markdown.ts'
import { readProjectFile } from '../support/sources.ts'
import { createTestService } from '../support/test-service.ts'

const page = readProjectFile('docs/tokens.md')
const claims = tableRows(page, 'claim').map(([name]) => name)

describe('the claims of docs/tokens.md', () => {
  it('are those that discovery names, in the same order', () => {
    const { claims_supported } = discoveryDocument(
      'https://rollcall.test',
      { algorithms: [] },
      { exchange: true },
    )
    expect(claims).toEqual(claims_supported)
  })

  it('are those of a token, but for four that the page calls absent', async () => {
    const service = await createTestService()
    const answer = await enrolled(
      await service.post('/v1/enroll', { ...(await service.evidence()) }),
    )
    const optional = tableRows(page, 'claim').filter(([, value = '']) => /absent/.test(value))
    const names = optional.map(([name]) => name)
    expect(names).toEqual(['groups', 'cnf', 'enrollment_jti', 'enrollment_iat'])
    const token = decodeJwt(String(answer['access_token']))
    expect(Object.keys(token)).toEqual(claims.filter((name) => !names.includes(name)))
    expect(Object.keys(token['ecs'] as object)).toEqual(ECS_FIELD_NAMES)
  })

  it('have the members of ecs, in the same order', () => {
    const [, list = ''] = /`ecs` has nine members, all of them texts: ([^]*?)\. /.exec(page) ?? []
    expect([...list.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(ECS_FIELD_NAMES)
  })
})
