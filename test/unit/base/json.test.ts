// JSON with unique keys.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseUniqueJson } from '../../../src/base/json.ts'
import { accept, refuse } from '../../../src/base/result.ts'

describe('parseUniqueJson()', () => {
  it('agrees with JSON.parse where no key is there twice', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseUniqueJson(text)).toEqual(accept(JSON.parse(text)))
      }),
      { seed: 1, numRuns: 2000 },
    )
  })

  it.each([
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"a":{"b":1,"b":1}}',
    '[{"a":1},{"a":1,"a":1}]',
    '{"a" : 1 ,\n"a"\t: 2}',
    '{"\\"a":1,"\\"a":2}',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}',
  ])('finds the key that is there twice in %s', (text) => {
    expect(parseUniqueJson(text)).toEqual(refuse('duplicate_key'))
  })

  it.each(['{"a":"b\\":"}', '{"a":":","b":"\\\\"}', '["a:","b"]', '{"a":"\\"c\\":1"}'])(
    'is not misled by what stands in strings: %s',
    (text) => {
      expect(parseUniqueJson(text)).toEqual(accept(JSON.parse(text)))
    },
  )

  it('reads what is nested as deep as JSON.parse reads', () => {
    for (const [open, inner, close] of [
      ['[', '', ']'],
      ['{"a":', '1', '}'],
    ] as const) {
      const text = open.repeat(20_000) + inner + close.repeat(20_000)
      expect(parseUniqueJson(text)).toHaveProperty('value')
    }
  })

  it.each(['', '{', '{"a":1,}', "{'a':1}", '\ufeff{}', 'undefined'])('refuses %j', (text) => {
    expect(parseUniqueJson(text)).toEqual(refuse('not_json'))
  })
})
