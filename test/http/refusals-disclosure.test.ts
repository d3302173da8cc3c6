// What answers and logs must not tell, and what they must not be talked into.

import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../../src/policy/policy.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { parseSigningKeys } from '../../src/token/signing-keys.ts'
import { LedgerUnavailableError } from '../../src/errors.ts'
import { ROLE, admitting } from '../support/enrollment.ts'
import { problemOf, setHttpScene } from './support.ts'

/** Status, headers and body of an answer, without the request's own id. */
const shapeOf = async (response: Response): Promise<unknown> => {
  const { request_id: _, ...problem } = await problemOf(response)
  const headers = [...response.headers].filter(([name]) => name !== 'x-request-id')
  return { status: response.status, headers, problem }
}

describe('the audit log', () => {
  it.each(['\n', '\r\n', '\u2028', '\u0085', '\u007f', '\u001b[2J'])(
    'has one line for each request, whatever its fields say: %j',
    async (trick) => {
      const { postForm, challenge, evidence, log, events } = await setHttpScene()
      const forged = `${trick}{"event":"enroll","outcome":"issued"}`
      const audience = await challenge()
      const fields = evidence(audience)
      await postForm('/v1/enroll', { ...fields, role: `worker${forged}` })
      await postForm('/v1/enroll', { ...fields, [`x${forged}`]: 'y' })
      await postForm('/v1/enroll', { ...fields, document: fields.document + forged })
      await postForm('/v1/enroll', { ...fields, resource: `x${forged}` })
      const signed = evidence(audience, { 'instance-id': `i-1${forged}` })
      await postForm('/v1/enroll', signed)
      await postForm('/v1/enroll', fields, { headers: { 'X-Request-Id': 'a b"c' } })
      expect(log().split(/[\n\r\u2028\u2029\u0085]/)).toHaveLength(events.length)
      // oxlint-disable-next-line no-control-regex
      expect(log()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/)
      expect(log().match(/"outcome":"issued"/g)).toHaveLength(2)
    },
  )

  it('and the answers hold no secret, token, key, challenge or evidence', async () => {
    const jwks = await generateSigningKeys('ES256')
    const signingKeys = await parseSigningKeys(jwks)
    const { postForm, request, challenge, evidence, log } = await setHttpScene({ signingKeys })
    const audience = await challenge()
    const fields = evidence(audience)
    const answer = await postForm('/v1/enroll', fields)
    const { access_token: token } = (await answer.json()) as { access_token: string }

    const other = evidence(audience, { 'instance-id': 'i-another' })
    const refusals = await Promise.all([
      postForm('/v1/enroll', other),
      postForm('/v1/enroll', { ...fields, document: other.document }),
      postForm('/v1/enroll', { ...fields, pkcs7: fields.pkcs7.slice(4) }),
      postForm('/v1/enroll', { ...fields, [fields.pkcs7.slice(0, 40)]: 'x' }),
      postForm('/v1/enroll', { ...fields, role: audience }),
      postForm('/v1/enroll', { ...fields, resource: token }),
      request('/v1/enroll', { method: 'POST', body: fields.document }),
      request(`/${token}`),
    ])
    const answers = (await Promise.all(refusals.map((refusal) => refusal.text()))).join('\n')
    const publicPages = [
      '/.well-known/jwks.json',
      '/.well-known/openid-configuration',
      '/bootstrap.sh',
    ]
    const pages = await Promise.all(publicPages.map(async (path) => (await request(path)).text()))
    const secrets = [
      String(jwks.keys[0]?.d),
      token.split('.')[2] as string,
      fields.pkcs7.slice(100, 140),
      fields.pkcs7.slice(0, 40),
      audience.slice(32),
      fields.document.slice(0, 40),
    ]
    for (const secret of secrets) {
      expect(log()).not.toContain(secret)
      expect(answers).not.toContain(secret)
      expect(pages.join('\n')).not.toContain(secret)
    }
  })

  it('tells the operator which rule and which field refused', async () => {
    const policy = parsePolicy(admitting({ image_id: ['m-*'] }))
    const { postForm, challenge, evidence, events } = await setHttpScene({ policy })
    await postForm('/v1/enroll', { ...evidence(await challenge(ROLE)), role: ROLE })
    expect(events.at(-1)).toMatchObject({
      event: 'enroll',
      outcome: 'refused',
      code: 'not_admitted',
      reason: 'role_not_matched',
      role: ROLE,
      rule: `roles.${ROLE}.match.image_id`,
      field: 'image_id',
      instance_id: 'i-bp13znx0m0me8cqabcde',
    })
  })
})

describe('an answer', () => {
  it('does not tell allowed accounts from others, nor roles that exist', async () => {
    const policy = parsePolicy(admitting({ region_id: ['cn-beijing'] }))
    const { postForm, challenge, evidence, events } = await setHttpScene({ policy })
    const enroll = async (changes: Record<string, string>, role?: string): Promise<unknown> => {
      const fields = evidence(await challenge(role), changes)
      return shapeOf(
        await postForm('/v1/enroll', role === undefined ? fields : { ...fields, role }),
      )
    }
    const unknownAccount = await enroll({ 'owner-account-id': '9999999999999999' })
    expect(await enroll({})).toEqual(unknownAccount)
    expect(await enroll({}, ROLE)).toEqual(unknownAccount)
    expect(await enroll({}, 'no-such-role')).toEqual(unknownAccount)
    const reasons = events.filter(({ event }) => event === 'enroll').map(({ reason }) => reason)
    expect(reasons).toEqual([
      'account_not_allowed',
      'no_role_matches',
      'role_not_matched',
      'role_unknown',
    ])
  })

  it('does not tell what was wrong with evidence', async () => {
    const { postForm, challenge, evidence } = await setHttpScene()
    const audience = await challenge()
    const fields = evidence(audience)
    const other = evidence(audience, { 'instance-id': 'i-another' })
    const shapes = await Promise.all(
      [
        { ...fields, document: other.document },
        { ...fields, pkcs7: 'AAAA' },
        { ...fields, pkcs7: '!' },
        evidence('not-a-challenge'),
        evidence(`${audience.slice(0, -1)}_`),
      ].map(async (posted) => shapeOf(await postForm('/v1/enroll', posted))),
    )
    for (const shape of shapes) expect(shape).toEqual(shapes[0])
  })

  it('to a challenge is alike for roles that exist and that do not', async () => {
    const { postForm } = await setHttpScene()
    const keys = async (role: string): Promise<unknown> => {
      const response = await postForm('/v1/challenge', { role })
      return [response.status, Object.keys((await response.json()) as object)]
    }
    expect(await keys(ROLE)).toEqual(await keys('no-such-role'))
  })

  it('has nothing of an error that was not expected', async () => {
    const ledger = { claim: () => Promise.reject(new Error('password=hunter2')) }
    const { postForm, challenge, evidence, events, log } = await setHttpScene({ ledger })
    const response = await postForm('/v1/enroll', evidence(await challenge()))
    expect(response.status).toBe(500)
    const text = JSON.stringify(await problemOf(response)) + log()
    expect(text).not.toContain('hunter2')
    expect(events.at(-1)).toMatchObject({ outcome: 'error', code: 'internal_error' })
  })

  it('is 503 with Retry-After and no token while the ledger is down', async () => {
    const ledger = { claim: () => Promise.reject(new LedgerUnavailableError('redis at 10.0.0.9')) }
    const { postForm, challenge, evidence, events, log } = await setHttpScene({ ledger })
    const response = await postForm('/v1/enroll', evidence(await challenge()))
    expect(response.headers.get('Retry-After')).toMatch(/^[0-9]+$/)
    const problem = await problemOf(response)
    expect(problem).toMatchObject({ status: 503, code: 'unavailable' })
    expect(JSON.stringify(problem) + log()).not.toContain('10.0.0.9')
    expect(events.at(-1)).toMatchObject({ outcome: 'error', reason: 'ledger_unavailable' })
  })
})

describe('an enrollment', () => {
  it('makes no request to the network, whatever the evidence says', async () => {
    const { postForm, challenge, evidence } = await setHttpScene()
    const fields = evidence(await challenge(), { 'image-id': 'evil.example' })
    const { fetch } = globalThis
    let fetched = 0
    globalThis.fetch = () => {
      fetched++
      return Promise.reject(new Error('no network'))
    }
    try {
      expect((await postForm('/v1/enroll', fields)).status).toBe(200)
    } finally {
      globalThis.fetch = fetch
    }
    expect(fetched).toBe(0)
  })
})
