// The parts of a request's URL: the same as the platform's parser finds in it.

import { assert, constantFrom, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitUrl } from '../../../../src/http/request/split-url.ts'

/** What the platform's parser says of a URL that it has serialized. */
const parsed = (url: string) => {
  const { pathname, search, hash } = new URL(url)
  return { path: pathname, query: search.slice(1), fragment: hash.slice(1) }
}

describe('splitUrl()', () => {
  it.each([
    ['http://localhost/', '/', '', ''],
    ['https://a.example:8443/v1/enroll', '/v1/enroll', '', ''],
    ['http://[::1]:80/healthz?a=1&b=/x?y', '/healthz', 'a=1&b=/x?y', ''],
    ['http://x/healthz?', '/healthz', '', ''],
    ['http://x/healthz#', '/healthz', '', ''],
    ['http://x/a#b?c/d#e', '/a', '', 'b?c/d#e'],
    ['http://x/a?b#c', '/a', 'b', 'c'],
    ['http://x//y//z', '//y//z', '', ''],
    ['http://x/http://y/?http://z/', '/http://y/', 'http://z/', ''],
  ])('splits %s', (url, path, query, fragment) => {
    expect(splitUrl(url)).toEqual({ path, query, fragment })
  })

  it('finds what the platform finds, in any URL of a request', () => {
    const target = string({
      unit: constantFrom(...'/?#%.:@\\[]&=+;~ aZ09-_ä"<>|^`{}\t\n'),
      maxLength: 40,
    })
    const host = constantFrom('x', 'a.example:8080', '[::1]', '[fd00::1]:1', 'UPPER.example')
    assert(
      property(host, target, (name, text) => {
        const { url } = new Request(`http://${name}/${text}`)
        expect(splitUrl(url)).toEqual(parsed(url))
      }),
      { numRuns: 2_000 },
    )
  })
})
