// readUnverified(): what it reads of a token, and which texts are no token.

import { describe, expect, it } from 'vitest'
import { readUnverified } from '../../../src/token/unverified.ts'

const part = (json: string): string => Buffer.from(json).toString('base64url')

describe('readUnverified()', () => {
  it.each(['', 'AA'])('reads header and claims, whatever the signature: "%s"', (signature) => {
    expect(readUnverified(`${part('{"alg":"none"}')}.${part('{"exp":1}')}.${signature}`)).toEqual({
      header: { alg: 'none' },
      claims: { exp: 1 },
    })
  })

  it.each([
    ['an empty text', ''],
    ['two parts', `${part('{}')}.${part('{}')}`],
    ['four parts', `${part('{}')}.${part('{}')}.AA.AA`],
    ['a signature that is not base64url', `${part('{}')}.${part('{}')}.a+b=`],
    ['a header that is not JSON', `${part('{')}.${part('{}')}.AA`],
    ['a header that is a list', `${part('[]')}.${part('{}')}.AA`],
    ['claims that are null', `${part('{}')}.${part('null')}.AA`],
    ['claims with a member twice', `${part('{}')}.${part('{"exp":1,"exp":2}')}.AA`],
    ['claims that are not base64url', `${part('{}')}.e30=.AA`],
    ['claims that are not UTF-8', `${part('{}')}._w.AA`],
    ['a token with a line break', `${part('{}')}.${part('{}')}.AA\n`],
  ])('reads nothing from %s', (_, text) => {
    expect(readUnverified(text)).toBeUndefined()
  })
})
