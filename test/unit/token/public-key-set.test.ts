// What sets of operators' and of relying parties' keys have in common: whatever is wrong with a key is found, under its
// path, and without a part of the key.

import { beforeAll, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/base/errors.ts'
import { accept, refuse } from '../../../src/base/result.ts'
import {
  type KeyPins,
  isKeyName,
  parsePublicKeySet,
  sharedKeyIndex,
} from '../../../src/token/public-key-set.ts'
import { type TestKey, makeKey } from '../../cases/state/independent-jws.ts'

const PINS: KeyPins<{ readonly color: unknown }> = {
  members: ['color'],
  read: (jwk) => {
    const { color } = jwk as { color?: unknown }
    return color === 'red' ? accept({ color }) : refuse('"color": expected "red"')
  },
}

let one: TestKey
let two: TestKey
beforeAll(async () => {
  ;[one, two] = [await makeKey('ES256'), await makeKey('EdDSA')]
})

const problemsOf = async (json: unknown): Promise<readonly string[]> => {
  try {
    await parsePublicKeySet(json, PINS)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

describe('parsePublicKeySet()', () => {
  it('gives each key with what it says, from text or parsed', async () => {
    const json = { keys: [one, two].map(({ jwk }) => ({ ...jwk, color: 'red' })) }
    for (const set of [json, JSON.stringify(json)]) {
      expect(await parsePublicKeySet(set, PINS)).toMatchObject([
        { thumbprint: one.thumbprint, color: 'red' },
        { thumbprint: two.thumbprint, color: 'red' },
      ])
    }
  })

  it('takes a kid that is the thumbprint', async () => {
    const key = { ...one.jwk, kid: one.thumbprint, color: 'red' }
    expect(await problemsOf({ keys: [key] })).toEqual([])
  })

  it.each<[string, () => object, string]>([
    ['is private', () => one.privateKey.export({ format: 'jwk' }), 'this is a private key'],
    ['is symmetric', () => ({ kty: 'oct', k: 'AAAA' }), 'this is a private key'],
    ['has another kid', () => ({ ...one.jwk, kid: 'x' }), '"kid" must be the key\'s RFC 7638'],
    ['says something else', () => ({ ...one.jwk, colour: 'red' }), 'the member "colour" is not'],
    ['has a long member', () => ({ ...one.jwk, [`${one.jwk.x}`]: 1 }), 'a member is not known'],
    ['says nothing', () => one.jwk, '"color": expected "red"'],
    ['occurs twice', () => ({ ...two.jwk, color: 'red' }), 'the same key occurs twice'],
  ])('refuses a key that %s', async (_, make, problem) => {
    const key = { color: 'red', ...make() }
    const broken = problem.startsWith('"color"') ? one.jwk : key
    const problems = await problemsOf({ keys: [{ ...two.jwk, color: 'red' }, broken] })
    expect(problems).toEqual([expect.stringContaining(`keys.1: ${problem}`)])
    expect(JSON.stringify(problems)).not.toContain(one.jwk.x)
  })

  it('finds a key that the platform does not take at start, or leaves it for its first use', async () => {
    // On no curve.
    const point = { ...one.jwk, y: one.jwk.x, color: 'red' }
    expect(await problemsOf({ keys: [point] })).toEqual(['keys.0: not a public key of ES256'])
    const [key] = await parsePublicKeySet({ keys: [point] }, PINS, { importKeys: 'when used' })
    await expect((async () => key?.key())()).rejects.toThrow()
  })

  it.each(['{}', '{"keys": []}', 'x', '{"keys": [], "keys": []}'])(
    'refuses the set %s',
    async (text) => {
      expect(await problemsOf(text)).toEqual([expect.stringContaining('expected a JWKS')])
    },
  )
})

describe('isKeyName()', () => {
  it.each(['a', 'https://app.example', 'x'.repeat(128), '~!'])('takes %j', (name) => {
    expect(isKeyName(name)).toBe(true)
  })
  it.each(['', 'a b', 'a\n', 'ü', 'x'.repeat(129), 7, null, undefined, ['a']])(
    'refuses %j',
    (name) => {
      expect(isKeyName(name)).toBe(false)
    },
  )
})

describe('sharedKeyIndex()', () => {
  it('finds the first key that both sets have', async () => {
    const keys = await parsePublicKeySet(
      { keys: [one, two].map(({ jwk }) => ({ ...jwk, color: 'red' })) },
      PINS,
    )
    expect(sharedKeyIndex(keys, keys.slice(1))).toBe(1)
    expect(sharedKeyIndex(keys.slice(0, 1), keys.slice(1))).toBe(-1)
    expect(sharedKeyIndex(keys)).toBe(-1)
  })
})
