// proofTime(): the time in a proof, by what is known of the token and of the clocks.

import { describe, expect, it } from 'vitest'
import { proofTime } from '../../../src/client/index.ts'

const IAT = 1_800_000_000
const EXP = IAT + 300

const tokenOf = (claims: object): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.AA`
const TOKEN = tokenOf({ iat: IAT, exp: EXP })

const YEARS = 3e8

describe('proofTime()', () => {
  it.each([IAT - YEARS, IAT, IAT + YEARS])(
    'follows the token and the monotonic clock, not a wall clock at %i',
    (wall) => {
      const clocks = { now: () => wall, elapsed: () => 1042.5 }
      expect(proofTime({ accessToken: TOKEN, askedAt: 1000 }, clocks)).toBe(IAT + 42.5)
    },
  )

  it('is not before the token, although askedAt is of other clocks', () => {
    const clocks = { now: () => IAT, elapsed: () => 5 }
    expect(proofTime({ accessToken: TOKEN, askedAt: 1000 }, clocks)).toBe(IAT)
  })

  it.each([
    ['within the life of the token', IAT + 10, IAT + 10],
    ['years behind', IAT - YEARS, IAT],
    ['years ahead', IAT + YEARS, EXP],
  ])('keeps a wall clock that is %s within that life', (_, wall, time) => {
    const clocks = { now: () => wall, elapsed: () => 0 }
    expect(proofTime({ accessToken: TOKEN }, clocks)).toBe(time)
  })

  it.each([
    ['has no times', tokenOf({})],
    ['has times that are texts', tokenOf({ iat: '1', exp: '2' })],
    ['is not a JWT', 'opaque'],
  ])('is the wall clock if the token %s', (_, accessToken) => {
    const clocks = { now: () => 7, elapsed: () => 0 }
    expect(proofTime({ accessToken, askedAt: 0 }, clocks)).toBe(7)
  })
})
