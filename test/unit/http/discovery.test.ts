// Discovery against its standards: each rule of the table holds for what the service answers, or is one of the two
// deviations that the page explains.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  type AnsweredDocument,
  DISCOVERY_RULES,
  type Discovered,
} from '../../generate/discovery-rules.ts'
import { ISSUER, type TestService, createTestService } from '../../support/test-service.ts'

let service: TestService
let answers: Discovered
beforeAll(async () => {
  service = await createTestService()
  const document = async (path: string): Promise<AnsweredDocument> => {
    const answer = await service.request(path)
    const body = (await answer.json()) as AnsweredDocument['body']
    return { status: answer.status, type: answer.headers.get('Content-Type'), body }
  }
  const openid = await document('/.well-known/openid-configuration')
  const jwks = await document(String(openid.body['jwks_uri']).slice(ISSUER.length))
  answers = {
    issuer: ISSUER,
    openid,
    oauth: await document('/.well-known/oauth-authorization-server'),
    keys: jwks.body['keys'] as Discovered['keys'],
  }
})

/** The answers with members replaced. */
const changed = (members: AnsweredDocument['body'] | undefined): Discovered => {
  const change = (document: AnsweredDocument): AnsweredDocument =>
    members === undefined
      ? { status: 404, type: null, body: {} }
      : { ...document, body: { ...document.body, ...members } }
  return { ...answers, openid: change(answers.openid), oauth: change(answers.oauth) }
}

describe('discovery', () => {
  it.each(DISCOVERY_RULES.filter(({ deviation }) => deviation === undefined))(
    'follows $source: $rule',
    ({ holds, broken }) => {
      expect(holds(answers)).toBe(true)
      expect(holds(changed(broken))).toBe(false)
    },
  )

  it.each(DISCOVERY_RULES.filter(({ deviation }) => deviation !== undefined))(
    'does not follow $source, as the page says: $rule',
    ({ holds }) => {
      expect(holds(answers)).toBe(false)
    },
  )

  it('deviates in two rules', () => {
    const deviations = DISCOVERY_RULES.filter(({ deviation }) => deviation !== undefined)
    expect(deviations.map(({ rule }) => rule)).toEqual([
      '`authorization_endpoint` is required',
      '`id_token_signing_alg_values_supported` includes `RS256`',
    ])
  })

  it('names RS256 once there is such a key', () => {
    const rule = DISCOVERY_RULES.find(({ rule: text }) => text.endsWith('includes `RS256`'))
    const algorithms = { id_token_signing_alg_values_supported: ['RS256', 'ES256'] }
    expect(rule?.holds(changed(algorithms))).toBe(true)
  })

  it('may be kept for five minutes, at both addresses', async () => {
    for (const path of ['openid-configuration', 'oauth-authorization-server']) {
      const answer = await service.request(`/.well-known/${path}`)
      expect(answer.headers.get('Cache-Control')).toBe('public, max-age=300')
    }
  })
})
