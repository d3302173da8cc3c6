// The claims of a token as rows: times in words, and values that are not what they should be.

import { describe, expect, it } from 'vitest'
import { claimRows, relativeTime } from '../../../../src/cli/token/claim-rows.ts'

const NOW = 1_800_000_000

describe('relativeTime()', () => {
  it.each([
    [0, 'now'],
    [0.4, 'now'],
    [1, 'in 1 second'],
    [-59, '59 seconds ago'],
    [60, 'in 1 minute'],
    [250, 'in 4 minutes 10 seconds'],
    [-3600, '1 hour ago'],
    [-3659, '1 hour ago'],
    [7260, 'in 2 hours 1 minute'],
    [-90_000, '1 day 1 hour ago'],
    [86_400 * 400, 'in 400 days'],
  ])('says of %d s: %s', (seconds, words) => {
    expect(relativeTime(NOW + seconds, NOW)).toBe(words)
  })
})

describe('claimRows()', () => {
  it('shows times in RFC 3339 and in words, and each member of an object', () => {
    const claims = { iss: 'x', aud: ['a', 'b'], exp: NOW + 60, cnf: { jkt: 'k' }, ecs: { a: '1' } }
    expect(claimRows(claims, NOW)).toEqual([
      ['iss', 'x'],
      ['aud', '["a","b"]'],
      ['exp', '2027-01-15T08:01:00Z, in 1 minute'],
      ['cnf.jkt', 'k'],
      ['ecs.a', '1'],
    ])
  })

  it.each([1e300, -1e300, 1.5, '1', null, true, Number.MAX_SAFE_INTEGER])(
    'shows %j as it is where a time is expected',
    (exp) => {
      const text = typeof exp === 'string' ? exp : JSON.stringify(exp)
      expect(claimRows({ exp }, NOW)).toEqual([['exp', text]])
    },
  )
})
