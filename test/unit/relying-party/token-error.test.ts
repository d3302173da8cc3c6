// The messages of a refused token: short, and one for each code.

import { describe, expect, it } from 'vitest'
import { TokenError, type TokenErrorCode } from '../../../src/relying-party/token-error.ts'
import { readProjectFile } from '../../support/sources.ts'

const source = readProjectFile('src/relying-party/token-error.ts')
const codes = [...source.matchAll(/^ {2}([a-z_]+):$|^ {2}([a-z_]+): '/gm)].map(
  ([, one, other]) => (one ?? other) as TokenErrorCode,
)

describe('TokenError', () => {
  it('has a message for each code', () => {
    expect(codes.length).toBeGreaterThan(25)
  })

  it.each(codes)('%s has a message of 25 words at most, without a full stop', (code) => {
    const { message, name } = new TokenError(code)
    expect(name).toBe('TokenError')
    expect(message.split(' ').length).toBeLessThanOrEqual(25)
    expect(message).not.toMatch(/\.$/)
  })

  it('adds a detail, and keeps the cause', () => {
    const cause = new Error('down')
    const error = new TokenError('keys_unavailable', { detail: 'it answered 503', cause })
    expect(error.message).toBe('the keys of the issuer are not available: it answered 503')
    expect(error.cause).toBe(cause)
  })
})
