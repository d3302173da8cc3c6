// The types that schemas give. The compiler checks them; nothing happens when this runs.

import { describe, expectTypeOf, it } from 'vitest'
import type { Received, Sent } from '../../../../src/base/wire/schema.ts'

interface Named {
  readonly Count: { readonly type: 'integer' }
  readonly Pair: {
    readonly type: 'object'
    readonly properties: {
      readonly name: { readonly type: 'string' }
      readonly kind: { readonly enum: readonly ['a', 'b'] }
      readonly count: { readonly $ref: '#/components/schemas/Count' }
      readonly on: { readonly type: 'boolean' }
      readonly parts: { readonly type: 'array'; readonly items: { readonly const: 'x' } }
    }
    readonly required: readonly ['name', 'kind', 'parts']
  }
}

describe('Sent', () => {
  it('has exactly the members that are described, and the texts that enum lists', () => {
    expectTypeOf<Sent<Named['Pair'], Named>>().toEqualTypeOf<{
      readonly name: string
      readonly kind: 'a' | 'b'
      readonly parts: readonly 'x'[]
      readonly count?: number | undefined
      readonly on?: boolean | undefined
    }>()
  })
})

describe('Received', () => {
  it('has other members, too, and any text where enum lists some', () => {
    type Pair = Received<Named['Pair'], Named>
    expectTypeOf<Pair['name']>().toEqualTypeOf<string>()
    expectTypeOf<Pair['kind']>().toEqualTypeOf<string>()
    expectTypeOf<Pair['count']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<Pair['parts']>().toEqualTypeOf<readonly string[]>()
    expectTypeOf<Pair['later']>().toEqualTypeOf<unknown>()
  })
})
