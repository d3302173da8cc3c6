// The fields by their two names: the one in policies and tokens, and the one in identities.

import { describe, expect, it } from 'vitest'
import { ECS_FIELDS, ECS_FIELD_NAMES } from '../../../src/policy/fields.ts'
import { readIdentityDocument } from '../../../src/codec/identity-document.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { documentText } from '../../support/test-cloud.ts'

describe('ECS_FIELDS', () => {
  it('has every field of a document, and neither the audience nor the unknown ones', () => {
    const { unknownFields: _, ...fields } = readIdentityDocument(utf8(documentText()))
    expect(Object.values(ECS_FIELDS).toSorted()).toEqual(Object.keys(fields).toSorted())
  })

  it('has one property for each name: the same words', () => {
    for (const [name, property] of Object.entries(ECS_FIELDS)) {
      expect(name.replaceAll(/_(.)/g, (__, letter: string) => letter.toUpperCase())).toBe(property)
    }
  })
})

describe('ECS_FIELD_NAMES', () => {
  it('begins with the account, which every role must name', () => {
    expect(ECS_FIELD_NAMES[0]).toBe('owner_account_id')
    expect(ECS_FIELD_NAMES).toHaveLength(9)
  })
})
