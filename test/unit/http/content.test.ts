// What an answer says, and the answer that is made of it.

import { describe, expect, it } from 'vitest'
import { contentResponse, jsonContent } from '../../../src/http/content.ts'

const COMMON = { 'x-content-type-options': 'nosniff', 'x-request-id': 'id' }

describe('contentResponse()', () => {
  it('makes an answer of JSON, with the headers of every answer', async () => {
    const response = contentResponse(jsonContent({ a: 'ä', b: undefined }), 'id')
    expect([response.status, await response.text()]).toEqual([200, '{"a":"ä"}'])
    expect(Object.fromEntries(response.headers)).toEqual({
      ...COMMON,
      'cache-control': 'no-store',
      'content-type': 'application/json',
    })
  })

  it('takes a status and a Cache-Control', () => {
    const content = { body: 'x', type: 'text/plain; charset=utf-8', cacheControl: 'public' }
    const response = contentResponse(content, 'id', 503)
    expect(response.status).toBe(503)
    expect(Object.fromEntries(response.headers)).toEqual({
      ...COMMON,
      'cache-control': 'public',
      'content-type': 'text/plain; charset=utf-8',
    })
  })

  it('makes an answer without a body and without a type', () => {
    const response = contentResponse({}, 'id')
    expect([response.body, response.headers.get('Content-Type')]).toEqual([null, null])
  })
})
