// Where a value differs from its schema, and which differences a receiver accepts.

import { Ajv2020 } from 'ajv/dist/2020.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mismatchOf } from '../../../../src/base/wire/mismatch.ts'
import type { Schema } from '../../../../src/base/wire/schema.ts'

const SCHEMAS = {
  Count: { type: 'integer', minimum: 0, maximum: 9 },
  Pair: {
    type: 'object',
    properties: {
      name: { type: 'string' },
      count: { $ref: '#/components/schemas/Count' },
      on: { type: 'boolean' },
      kind: { enum: ['a', 'b'] },
      fixed: { const: 'x' },
      parts: { type: 'array', items: { $ref: '#/components/schemas/Pair' } },
    },
    required: ['name'],
  },
} as const satisfies Record<string, Schema>

const of = (value: unknown): unknown => mismatchOf(SCHEMAS.Pair, value, SCHEMAS)

describe('mismatchOf()', () => {
  it.each([
    ['the members that are always there', { name: '' }],
    ['every member', { name: 'a', count: 9, on: false, kind: 'a', fixed: 'x', parts: [] }],
    ['a schema in itself', { name: 'a', parts: [{ name: 'b', parts: [{ name: 'c' }] }] }],
    ['members that it does not name', { name: 'a', later: null, constructor: 1 }],
    ['a text of enum and const that a newer service may send', { name: '', kind: 'z', fixed: 'z' }],
  ])('accepts %s', (_, value) => {
    expect(of(value)).toBeUndefined()
  })

  it.each([
    ['', 'an object', null],
    ['', 'an object', []],
    ['', 'an object', 'text'],
    ['', 'an object', undefined],
    ['name', 'a string', {}],
    ['name', 'a string', { name: 1 }],
    ['name', 'a string', { name: null }],
    ['name', 'a string', Object.create({ name: 'inherited' })],
    ['count', 'a whole number from 0 to 9', { name: '', count: 10 }],
    ['count', 'a whole number from 0 to 9', { name: '', count: -1 }],
    ['count', 'a whole number from 0 to 9', { name: '', count: 1.5 }],
    ['count', 'a whole number from 0 to 9', { name: '', count: '1' }],
    ['count', 'a whole number from 0 to 9', { name: '', count: null }],
    ['on', 'true or false', { name: '', on: 'true' }],
    ['kind', 'a string', { name: '', kind: 1 }],
    ['fixed', 'a string', { name: '', fixed: {} }],
    ['parts', 'a list', { name: '', parts: {} }],
    ['parts.1.name', 'a string', { name: '', parts: [{ name: '' }, {}] }],
    ['parts.0.parts.0', 'an object', { name: '', parts: [{ name: '', parts: [0] }] }],
  ])('names the place %j and expects %s', (path, expected, value) => {
    expect(of(value)).toEqual({ path, expected })
  })

  it('keeps whole numbers without bounds within what JSON carries exactly', () => {
    const schema = { type: 'integer' } as const
    expect(mismatchOf(schema, 2 ** 53 - 1, {})).toBeUndefined()
    expect(mismatchOf(schema, 2 ** 53, {})).toMatchObject({ path: '' })
  })

  it('throws for a reference to a schema that does not exist', () => {
    const schema = { $ref: '#/components/schemas/None' }
    expect(() => mismatchOf(schema, 1, SCHEMAS)).toThrow(TypeError)
  })

  it('agrees with an independent validator of JSON Schema', () => {
    // The two keywords that a receiver reads loosely are left out.
    const { kind: _, fixed: __, ...properties } = SCHEMAS.Pair.properties
    const schemas = { ...SCHEMAS, Pair: { ...SCHEMAS.Pair, properties } }
    const ajv = new Ajv2020().addKeyword({ keyword: 'components' })
    const validate = ajv.compile({
      $ref: '#/components/schemas/Pair',
      components: { schemas },
    })
    const member = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.integer({ min: -2, max: 12 }))
    const pair = fc.record(
      { name: fc.oneof(fc.string(), member), count: member, on: fc.oneof(fc.boolean(), member) },
      { requiredKeys: [] },
    )
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      pair,
      fc.record({ name: fc.string(), parts: fc.array(pair) }),
    )
    fc.assert(
      fc.property(value, (it) => {
        expect(mismatchOf(schemas.Pair, it, schemas) === undefined).toBe(validate(it))
      }),
      { numRuns: 500 },
    )
  })
})
