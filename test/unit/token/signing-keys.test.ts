// Signing keys: what is refused at start, what is published, and that no message holds a key.

import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { CryptoPort } from '../../../src/base/crypto.ts'
import { ConfigurationError } from '../../../src/base/errors.ts'
import { parseSigningKeys as parseWith } from '../../../src/token/signing-keys.ts'
import { CRYPTO_PORTS, parseSigningKeys } from '../../support/every-crypto.ts'
import { signingKeysOf } from '../../support/rsa-keys.ts'

type Key = Record<string, unknown>

const newKey = async (
  alg: 'ES256' | 'RS256' | 'EdDSA' = 'ES256',
  which: 0 | 1 = 0,
): Promise<Key> => ({ ...(await signingKeysOf(alg, which)).keys[0] })
const rsaKey = (modulusLength: number, publicExponent = 0x10001): Key =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).privateKey.export({
    format: 'jwk',
  }) as Key
const without = (key: Key, ...names: string[]): Key =>
  Object.fromEntries(Object.entries(key).filter(([name]) => !names.includes(name)))

const problemsOf = async (json: unknown): Promise<readonly string[]> => {
  try {
    await parseSigningKeys(json)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

describe('parseSigningKeys()', () => {
  it.each(['ES256', 'RS256', 'EdDSA'] as const)('takes a generated key for %s', async (alg) => {
    const { keys } = await signingKeysOf(alg)
    const parsed = await parseSigningKeys(JSON.stringify({ keys }))
    expect(parsed.signer).toMatchObject({ algorithm: { alg }, kid: keys[0]?.kid })
    expect(parsed.algorithms).toEqual([alg])
    expect(Buffer.from(parsed.secrets[0] as Uint8Array).toString('base64url')).toBe(keys[0]?.d)
  })

  it('signs with the first, publishes all, and derives from the private ones in order', async () => {
    const [first, second, third] = [await newKey(), await newKey('RS256'), await newKey('EdDSA')]
    const publicOnly = without(second, 'd', 'p', 'q', 'dp', 'dq', 'qi')
    const parsed = await parseSigningKeys({ keys: [first, publicOnly, third] })
    expect(parsed.signer.kid).toBe(first['kid'])
    expect(parsed.jwks.keys.map(({ kid }) => kid)).toEqual(
      [first, second, third].map((k) => k['kid']),
    )
    expect(parsed.algorithms).toEqual(['ES256', 'RS256', 'EdDSA'])
    const secrets = parsed.secrets.map((secret) => Buffer.from(secret).toString('base64url'))
    expect(secrets).toEqual([first['d'], third['d']])
  })

  it('publishes members of the allow-list only', async () => {
    const keys = [await newKey(), await newKey('RS256'), await newKey('EdDSA')]
    const withMore = keys.map((key) => ({ ...key, x5u: 'https://evil.example', note: 'secret' }))
    const { jwks } = await parseSigningKeys({ keys: withMore })
    const allowed = new Set(['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use'])
    for (const key of jwks.keys) {
      expect(Object.keys(key).filter((name) => !allowed.has(name))).toEqual([])
    }
  })

  it('refuses what is wrong with a key, and tells nothing of it', async () => {
    const [key, other] = [await newKey(), await newKey()]
    const [rsa, otherRsa] = [await newKey('RS256'), await newKey('RS256', 1)]
    const [ed, otherEd] = [await newKey('EdDSA'), await newKey('EdDSA')]
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
    const cases: [Key, RegExp][] = [
      [{ kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0' }, /symmetric/],
      [rsaKey(1024), /weak: the modulus has 1024 bits/],
      [rsaKey(2048, 3), /65537/],
      [p384.export({ format: 'jwk' }) as Key, /expected a key of P-256, RSA or Ed25519/],
      [{ ...key, d: other['d'] }, /private/],
      [{ ...rsa, n: otherRsa['n'] }, /private|thumbprint/],
      [{ ...without(rsa, 'kid'), n: otherRsa['n'] }, /private/],
      [{ ...ed, d: otherEd['d'] }, /private/],
      [{ ...key, d: 'AAAA' }, /private/],
      [{ ...key, alg: 'RS256' }, /"alg": "ES256"/],
      [{ ...key, use: 'enc' }, /"use": "sig"/],
      [{ ...key, kid: '../../etc/passwd' }, /RFC 7638 thumbprint/],
      [{ ...key, x: 'AAAA' }, /"x" has 3 bytes/],
      [without(key, 'd'), /the first key signs/],
      [{}, /expected a key of/],
    ]
    for (const [input, problem] of cases) {
      const [message, ...more] = await problemsOf({ keys: [input] })
      expect(more).toEqual([])
      expect(message).toMatch(problem)
      for (const member of ['d', 'k', 'p', 'q', 'n', 'x', 'y']) {
        const value = input[member]
        if (typeof value === 'string' && value.length > 8) expect(message).not.toContain(value)
      }
    }
    expect(await problemsOf({ keys: [key, key] })).toEqual(['keys.1: the same key occurs twice'])
  })

  it.each([
    '',
    '{',
    '[]',
    '{}',
    '{"keys":[]}',
    '{"keys":{}}',
    '{"keys":[],"keys":[]}',
    'null',
    '1',
  ])('refuses %j and says how to make a key set', async (text) => {
    expect(await problemsOf(text)).toEqual([expect.stringMatching(/`rollcall keygen` makes one/)])
  })

  it('reports every problem at once', async () => {
    const problems = await problemsOf({ keys: [{}, await newKey(), { kty: 'oct' }] })
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(['keys.0', 'keys.2'])
  })
})

describe.each(CRYPTO_PORTS)('parseSigningKeys() with importKeys "when used" and %s', (_, port) => {
  /** Cryptography that counts the private keys that it imports. */
  const counting = () => {
    const loads: string[] = []
    const crypto: CryptoPort = {
      ...port,
      signer(jwk, alg) {
        loads.push(alg)
        return port.signer(jwk, alg)
      },
    }
    return { crypto, loads }
  }
  const importKeys = 'when used'

  it('imports no key, and one when it is first used', async () => {
    const { crypto, loads } = counting()
    const keys = [await newKey(), await newKey('EdDSA')]
    const { signer, publicKeys } = await parseWith({ keys }, { crypto, importKeys })
    expect(loads).toEqual([])
    const sign = await signer.load()
    expect(signer.load()).toBe(sign)
    expect(loads).toEqual(['ES256'])
    expect(await publicKeys[0]?.key()).toMatchObject({ type: 'public', extractable: false })
  })

  it('refuses at once what shows without an import', async () => {
    const [key, rsa] = [await newKey(), await newKey('RS256')]
    const refused: [Key, RegExp][] = [
      [{ ...key, d: 'AAAA' }, /"d" has 3 bytes/],
      [{ ...rsa, d: `AA${String(rsa['d'])}` }, /private/],
      [rsaKey(1024), /weak/],
      [{ ...key, kid: 'x' }, /thumbprint/],
      [without(key, 'd'), /must be private/],
    ]
    for (const [input, problem] of refused) {
      await expect(parseWith({ keys: [input] }, { crypto: port, importKeys })).rejects.toThrow(
        problem,
      )
    }
    await expect(parseWith({ keys: [key, key] }, { crypto: port, importKeys })).rejects.toThrow(
      /twice/,
    )
  })

  it.each([
    ['another private part', async () => ({ ...(await newKey()), d: (await newKey())['d'] })],
    [
      'a public point off the curve',
      async () => ({ ...without(await newKey(), 'kid'), y: (await newKey())['y'] }),
    ],
  ])(
    'refuses a key with %s when it is used, each time, and imports it once',
    async (_name, make) => {
      const json = { keys: [await make()] }
      await expect(parseWith(json, { crypto: port })).rejects.toThrow(/^configuration is not valid/)
      const { crypto, loads } = counting()
      const { signer } = await parseWith(json, { crypto, importKeys })
      for (let i = 0; i < 2; i++) await expect(signer.load()).rejects.toThrow(ConfigurationError)
      expect(loads.length).toBeLessThanOrEqual(1)
    },
  )
})
