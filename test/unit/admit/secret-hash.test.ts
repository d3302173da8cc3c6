// A secret against configured hashes.

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { matchesSecret } from '../../../src/admit/secret-hash.ts'

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

test('matchesSecret() finds the hash of the secret among others', () => {
  const hashes = ['a', 'b', 'é'].map(hashOf)
  expect(hashes.map(matchesSecret('b'))).toEqual([false, true, false])
  expect(hashes.map(matchesSecret('é'))).toEqual([false, false, true])
})

test('matchesSecret() takes neither the hash itself, nor one that is cut, upper-case or empty', () => {
  const hash = hashOf('secret')
  expect(matchesSecret(hash)(hash)).toBe(false)
  const others = [hash.slice(1), hash.slice(0, -1), hash.toUpperCase(), '', `${hash}0`]
  expect(others.map(matchesSecret('secret'))).toEqual(others.map(() => false))
})
