// What a proxy tells of the request: the path stays byte for byte, and everything else is refused.

import { describe, expect, it } from 'vitest'
import { readForwarded } from '../../../src/admit/forwarded.ts'

const ORIGIN = 'https://app.test'

describe('readForwarded()', () => {
  it.each([
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a?b=/c', '/a'],
    ['/a#b', '/a'],
    ['/?', '/'],
    ['/a%2Fb/../c', '/a%2Fb/../c'],
    ['//evil.test/a', '//evil.test/a'],
    ['/@evil.test', '/@evil.test'],
    ['/a,b', '/a,b'],
    ['/A/%7e/;x=y/"<>|', '/A/%7e/;x=y/"<>|'],
  ])('puts the path of %s behind the origin: %s', (uri, path) => {
    expect(readForwarded({ method: 'PATCH', uri }, ORIGIN)).toEqual({
      ok: true,
      value: { method: 'PATCH', uri: `${ORIGIN}${path}` },
    })
  })

  it.each([
    ['no method', undefined, '/'],
    ['an empty method', '', '/'],
    ['two methods', 'GET, POST', '/'],
    ['two methods without a space', 'GET,POST', '/'],
    ['no address', 'GET', undefined],
    ['an empty address', 'GET', ''],
    ['two addresses', 'GET', '/a, /b'],
    ['an address without a slash', 'GET', 'a'],
    ['an absolute URL', 'GET', 'https://app.test/a'],
    ['the rest of a host name', 'GET', '.evil.test/a'],
    ['user information', 'GET', '@evil.test/a'],
    ['a port', 'GET', ':8443/a'],
    ['a star', 'GET', '*'],
    ['a space', 'GET', '/a b'],
    ['a tab', 'GET', '/a\tb'],
    ['a line end', 'GET', '/a\n'],
    ['a letter outside of ASCII', 'GET', '/ä'],
    ['a space in the query', 'GET', '/a?b c'],
  ])('refuses %s', (_, method, uri) => {
    expect(readForwarded({ method, uri }, ORIGIN)).toEqual({
      ok: false,
      refusal: 'forwarded_request_malformed',
    })
  })
})
