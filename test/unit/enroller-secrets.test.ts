// An enroller is handed to the app and to embedders. It shows what is published of its keys, and no secret.

import { beforeAll, describe, expect, it } from 'vitest'
import { type Enroller, type EnrollerOptions, createEnroller } from '../../src/enroll/enroller.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { parseSigningKeys } from '../../src/token/signing-keys.ts'
import { CRYPTO_PORTS } from '../support/every-crypto.ts'
import { enrollerOptions } from '../support/test-enroller.ts'
import { createTestCloud } from '../support/test-cloud.ts'

/** Everything that can be reached by properties, getters and collections, from a value on. */
const reachable = (root: unknown): readonly object[] => {
  const found = new Set<object>()
  const waiting: unknown[] = [root]
  for (const value of waiting) {
    const isObject = typeof value === 'object' || typeof value === 'function'
    if (!isObject || value === null || found.has(value)) continue
    found.add(value)
    // A view of bytes has one property a byte.
    if (ArrayBuffer.isView(value)) continue
    if (value instanceof Map || value instanceof Set) waiting.push(...[...value].flat())
    for (const key of Reflect.ownKeys(value)) {
      const isOfFunctions = typeof value === 'function' && key !== 'prototype'
      if (!isOfFunctions) waiting.push((value as Record<PropertyKey, unknown>)[key])
    }
  }
  return [...found]
}

const isSecret = (value: object): boolean =>
  ArrayBuffer.isView(value) ||
  (value instanceof CryptoKey && value.type !== 'public') ||
  ['d', 'p', 'q', 'k'].some((member) => Object.hasOwn(value, member))

const secretsIn = (value: unknown): readonly object[] => reachable(value).filter(isSecret)

describe.each(CRYPTO_PORTS)('with %s', (_, crypto) => {
  let options: EnrollerOptions
  let enroller: Enroller

  beforeAll(async () => {
    const made = await Promise.all([generateSigningKeys('ES256'), generateSigningKeys('EdDSA')])
    const signingKeys = await parseSigningKeys(
      { keys: made.flatMap(({ keys }) => keys) },
      { crypto },
    )
    options = await enrollerOptions(await createTestCloud(), { signingKeys, crypto })
    enroller = await createEnroller(options)
  })

  describe('what can be reached from an enroller', () => {
    it('has no private or secret key, no private JWK and no bytes', () => {
      expect(secretsIn(enroller)).toEqual([])
    })

    it('has functions that give the public keys, for verifying alone', async () => {
      for (const { key } of enroller.published.publicKeys) {
        expect(Reflect.ownKeys(key).toSorted()).toEqual(['length', 'name'])
        expect(await key()).toMatchObject({ type: 'public', usages: ['verify'] })
      }
    })

    it('is no more than the issuer, what is published and the two calls', () => {
      expect(Reflect.ownKeys(enroller).toSorted()).toEqual([
        'challenge',
        'enroll',
        'issuer',
        'published',
      ])
      expect(Reflect.ownKeys(enroller.published).toSorted()).toEqual([
        'algorithms',
        'jwks',
        'publicKeys',
      ])
    })

    it('is looked through deeply enough to find the secrets of the signing keys', () => {
      expect(secretsIn({ deep: [new Map([['keys', options.signingKeys]])] })).toHaveLength(2)
    })
  })
})
