// Error answers in the form of OAuth: status, headers, and the characters that RFC 6749 section 5.2 allows.

import { describe, expect, it } from 'vitest'
import {
  type OAuthErrorCode,
  OAUTH_ERRORS,
  oauthErrorResponse,
} from '../../../src/http/oauth-error.ts'
import { PROBLEMS } from '../../../src/http/problems.ts'
import { refusedOAuthRequest } from '../../../src/http/audited.ts'
import { ISSUER } from '../../support/test-service.ts'

const DESCRIPTION = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/

const answer = (error: OAuthErrorCode, description?: string): Response =>
  oauthErrorResponse({ error, description, issuer: ISSUER, requestId: 'r-1' })

describe('oauthErrorResponse()', () => {
  it.each(Object.entries(OAUTH_ERRORS))(
    'answers %s as RFC 6749 section 5.2 says',
    async (error, [status, description]) => {
      const response = answer(error as OAuthErrorCode)
      expect(response.status).toBe(status)
      expect(response.headers.get('Content-Type')).toBe('application/json')
      expect(response.headers.get('Cache-Control')).toBe('no-store')
      expect(response.headers.get('X-Request-Id')).toBe('r-1')
      expect(await response.json()).toEqual({ error, error_description: description })
      expect(description).toMatch(DESCRIPTION)
      expect(description.split(' ').length).toBeLessThanOrEqual(25)
    },
  )

  it('names a scheme with 401, and only then', () => {
    const realm = `Bearer realm="${ISSUER}"`
    expect(answer('invalid_client').headers.get('WWW-Authenticate')).toBe(realm)
    expect(answer('invalid_grant').headers.get('WWW-Authenticate')).toBeNull()
  })

  it('replaces characters that a description may not have', async () => {
    const body = await answer('invalid_request', 'The “key”\\\n').json()
    expect(body).toEqual({ error: 'invalid_request', error_description: "The 'key'''" })
  })
})

describe('refusedOAuthRequest()', () => {
  it('turns invalid_request into the form of OAuth', () => {
    const refusal = {
      code: 'invalid_request',
      reason: 'field_missing',
      title: 'T',
      field: 'f',
    } as const
    expect(refusedOAuthRequest(refusal, { role: 'r' })).toEqual({
      ok: false,
      refusal: {
        error: 'invalid_request',
        description: 'T',
        facts: { role: 'r', reason: 'field_missing', field: 'f' },
      },
    })
  })

  it.each([
    'payload_too_large',
    'unsupported_media_type',
    'request_timeout',
    'rate_limited',
  ] as const)('leaves %s a problem', (code) => {
    expect(PROBLEMS[code][0]).toBeGreaterThan(400)
    expect(refusedOAuthRequest({ code, reason: 'body_too_large' })).toMatchObject({
      refusal: { code, facts: { reason: 'body_too_large' } },
    })
  })
})
