// Where a text stops being JSON: for exactly those texts that are not JSON.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonPlace, repeatedKey } from '../../../../src/cli/policy/json-place.ts'

describe('jsonPlace()', () => {
  const isJson = (text: string): boolean => {
    try {
      JSON.parse(text)
      return true
    } catch {
      return false
    }
  }

  it('has a place for exactly the texts that are not JSON', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '1',
      '-0.5e3',
      '01',
      'true',
      ' ',
      '"\\x"',
      'x',
    ]
    const values = fc.oneof(
      fc.json(),
      fc.array(fc.constantFrom(...pieces)).map((it) => it.join('')),
    )
    fc.assert(
      fc.property(values, (text) => {
        expect(jsonPlace(text) === undefined).toBe(isJson(text))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['[1,\n 2 3]', 'line 2, column 4'],
    ['{"a":1,}', 'line 1, column 8'],
    ['{"a" 1}', 'line 1, column 6'],
    ['["a\nb"]', 'line 1, column 2'],
    ['{} {}', 'line 1, column 4'],
  ])('finds the place in %j', (text, place) => {
    expect(jsonPlace(text)).toBe(place)
  })
})

describe('repeatedKey()', () => {
  it.each([
    ['{"a":1,"a":2}', '"a"', 'line 1, column 8'],
    ['{"roles":{"b":{},\n  "b":{}}}', '"b"', 'line 2, column 3'],
    ['[{"a":[{"c":1}],"b":1,"a":{}}]', '"a"', 'line 1, column 23'],
    // Another spelling of the same key.
    [String.raw`{"a":1,"\u0061":2}`, '"a"', 'line 1, column 8'],
    ['{"__proto__":1,"__proto__":2}', '"__proto__"', 'line 1, column 16'],
  ])('finds the one of %s', (text, key, place) => {
    expect(repeatedKey(text)).toEqual({ key, place })
  })

  it.each([
    '{}',
    '{"a":{"a":{"a":"a"}},"b":["a","a"]}',
    '[{"a":1},{"a":1}]',
    '"a"',
    '{"a":1,"A":2}',
  ])('finds none in %s', (text) => {
    expect(repeatedKey(text)).toBeUndefined()
  })
})
