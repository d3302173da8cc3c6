// The headers of every answer.

import { describe, expect, it } from 'vitest'
import { requestIdOf, setCommonHeaders } from '../../../src/http/common-headers.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const idOf = (headers: Record<string, string>): string =>
  requestIdOf(new Request('http://localhost/', { headers }))

describe('requestIdOf()', () => {
  it.each(['a', 'A-1_b.c', '0'.repeat(64)])("keeps the caller's %s", (id) => {
    expect(idOf({ 'X-Request-Id': id })).toBe(id)
  })

  it.each(['', '0'.repeat(65), 'a b', 'a"b', 'a,b', 'a/b', 'é'])(
    'replaces %j, which is not safe in a log line',
    (id) => expect(idOf({ 'X-Request-Id': id })).toMatch(UUID),
  )

  it('makes a new id for each request without one', () => {
    expect(idOf({})).toMatch(UUID)
    expect(idOf({})).not.toBe(idOf({}))
  })
})

describe('setCommonHeaders()', () => {
  it('forbids caching, unless the answer has its own Cache-Control', () => {
    const headers = new Headers()
    setCommonHeaders(headers, 'id')
    expect(Object.fromEntries(headers)).toEqual({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': 'id',
    })
    const cached = new Headers({ 'Cache-Control': 'public' })
    setCommonHeaders(cached, 'id')
    expect(cached.get('Cache-Control')).toBe('public')
  })
})
