// The headers of every answer.

import { describe, expect, it } from 'vitest'
import { addCommonHeaders, headersWith, requestIdOf } from '../../../src/http/common-headers.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const idOf = (headers: Record<string, string>, platformRequestId?: string): string =>
  requestIdOf(new Request('http://localhost/', { headers }), platformRequestId)

describe('requestIdOf()', () => {
  it.each(['a', 'A-1_b.c', '0'.repeat(64)])("keeps the caller's %s", (id) => {
    expect(idOf({ 'X-Request-Id': id })).toBe(id)
  })

  it.each(['', '0'.repeat(65), 'a b', 'a"b', 'a,b', 'a/b', 'é'])(
    'replaces %j, which is not safe in a log line',
    (id) => expect(idOf({ 'X-Request-Id': id })).toMatch(UUID),
  )

  it('takes the id of the platform if the caller sent none', () => {
    expect(idOf({}, '1-abc')).toBe('1-abc')
    expect(idOf({ 'X-Request-Id': 'own' }, '1-abc')).toBe('own')
    expect(idOf({ 'X-Request-Id': 'a b' }, '1-abc')).toMatch(UUID)
    expect(idOf({}, 'a\nb')).toMatch(UUID)
  })

  it('makes a new id for each request without one', () => {
    expect(idOf({})).toMatch(UUID)
    expect(idOf({})).not.toBe(idOf({}))
  })
})

const COMMON = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-request-id': 'id',
}

describe('headersWith()', () => {
  it('forbids caching, unless the answer has its own Cache-Control', () => {
    expect(headersWith('id', {})).toEqual(COMMON)
    const own = { 'cache-control': 'public', allow: 'GET' }
    expect(headersWith('id', own)).toEqual({ ...COMMON, ...own })
  })

  it('lets no answer replace the request id or the guard against sniffing', () => {
    expect(headersWith('id', { 'x-request-id': 'x', 'x-content-type-options': 'x' })).toEqual(
      COMMON,
    )
  })
})

describe('addCommonHeaders()', () => {
  it('adds them to an answer that somebody else made, and keeps its Cache-Control', () => {
    const headers = new Headers({ Server: 'x' })
    addCommonHeaders(headers, 'id')
    expect(Object.fromEntries(headers)).toEqual({ ...COMMON, server: 'x' })
    const cached = new Headers({ 'Cache-Control': 'public' })
    addCommonHeaders(cached, 'id')
    expect(cached.get('Cache-Control')).toBe('public')
  })
})
