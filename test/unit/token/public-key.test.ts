// Public keys: a key that proves nothing is refused, and one key has one text. First it is shown that
// the platform alone takes such keys.

import { calculateJwkThumbprint } from 'jose'
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { refuse } from '../../../src/base/result.ts'
import { parseOperatorKeys } from '../../../src/token/operator-keys.ts'
import { sharedKeyIndex } from '../../../src/token/public-key-set.ts'
import { loadPublicKey } from '../../../src/token/public-key.ts'
import { parseSigningKeys } from '../../support/every-crypto.ts'
import { sharedRsaPair, signingKeysOf } from '../../support/rsa-keys.ts'

type Jwk = Record<string, string>

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const bytesOf = (text = ''): Buffer => Buffer.from(text, 'base64url')
const point = (hex: string): Jwk => ({
  kty: 'OKP',
  crv: 'Ed25519',
  x: Buffer.from(hex, 'hex').toString('base64url'),
})
const padded = (jwk: Jwk, ...names: string[]): Jwk => ({
  ...jwk,
  ...Object.fromEntries(
    names.map((name) => [name, base64url(Uint8Array.of(0, ...bytesOf(jwk[name])))]),
  ),
})
const publicJwk = (alg: 'ES256' | 'RS256' | 'EdDSA'): Jwk => {
  const pair =
    alg === 'RS256'
      ? sharedRsaPair()
      : alg === 'EdDSA'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return pair.publicKey.export({ format: 'jwk' }) as Jwk
}
const ZERO = '00'.repeat(31)
const NEUTRAL = `01${ZERO}`
const ORDER_8 = [
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]
/** The same y with the sign of x the other way round. */
const withSign = (hex: string): string =>
  hex.slice(0, 62) + (Number.parseInt(hex.slice(62), 16) ^ 0x80).toString(16).padStart(2, '0')

/** RSA of 2048 bits whose modulus is even. */
const evenModulus = (): Jwk => {
  const jwk = publicJwk('RS256')
  const n = bytesOf(jwk['n'])
  n[n.length - 1] = (n.at(-1) as number) & 0xfe
  return { ...jwk, n: base64url(n) }
}

const refusing = (reason: RegExp): unknown => refuse(expect.stringMatching(reason))

describe('loadPublicKey()', () => {
  it('refuses the neutral element of Ed25519, under which anybody can sign', async () => {
    const neutral = point(NEUTRAL)
    const key = await crypto.subtle.importKey('jwk', neutral, 'Ed25519', false, ['verify'])
    const madeUp = Buffer.from(NEUTRAL + '00'.repeat(32), 'hex')
    const verifies = await crypto.subtle.verify('Ed25519', key, madeUp, Buffer.from('anything'))
    expect(verifies).toBe(true)

    expect(await loadPublicKey(neutral)).toEqual(refusing(/small order/))
    await expect(parseOperatorKeys({ keys: [neutral] })).rejects.toThrow(/keys\.0: .*small order/)
    const [good] = (await signingKeysOf('ES256')).keys
    await expect(parseSigningKeys({ keys: [good, neutral] })).rejects.toThrow(/keys\.1: .*small/)
  })

  it.each(
    [`00${ZERO}`, NEUTRAL, `ec${'ff'.repeat(30)}7f`, ...ORDER_8].flatMap((y) => [y, withSign(y)]),
  )('refuses the Ed25519 point of small order %s', async (hex) => {
    expect(await loadPublicKey(point(hex))).toEqual(refusing(/small order/))
  })

  it.each([
    ['p', `ed${'ff'.repeat(30)}7f`],
    ['p, with a sign', `ed${'ff'.repeat(30)}ff`],
    ['p + 1', `ee${'ff'.repeat(30)}7f`],
    ['p + 3', `f0${'ff'.repeat(30)}7f`],
    ['2^255 - 1', `${'ff'.repeat(31)}7f`],
    ['2^255 - 1, with a sign', 'ff'.repeat(32)],
  ])('refuses an Ed25519 point that is not encoded canonically: y = %s', async (_, hex) => {
    expect(await loadPublicKey(point(hex))).toEqual(refusing(/not encoded canonically/))
  })

  it('accepts Ed25519 points next to those that are refused', async () => {
    // y = p - 2 is below the prime; y = 2 and 3 are of no small order.
    for (const hex of [`eb${'ff'.repeat(30)}7f`, `02${ZERO}`, `03${ZERO}`]) {
      expect(await loadPublicKey(point(hex))).toHaveProperty('value.thumbprint')
    }
  })

  it('refuses an even RSA modulus', async () => {
    expect(await loadPublicKey(evenModulus())).toEqual(refusing(/modulus is even/))
  })

  it('refuses an RSA modulus that is long only by its zero bytes', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
    const jwk = weak.export({ format: 'jwk' }) as Jwk
    const n = base64url(Buffer.concat([Buffer.alloc(128), bytesOf(jwk['n'])]))
    expect(await loadPublicKey({ ...jwk, n })).toEqual(refusing(/begins with a zero byte/))
    expect(await loadPublicKey(jwk)).toEqual(refusing(/weak: the modulus has 1024 bits/))
    expect(await loadPublicKey({ ...jwk, n: '' })).toEqual(refusing(/empty/))
  })

  it.each([
    ['RS256', ['n']],
    ['ES256', ['x']],
    ['ES256', ['x', 'y']],
    ['EdDSA', ['x']],
  ] as const)('refuses a key of %s with a zero byte before %j', async (alg, names) => {
    const jwk = publicJwk(alg)
    expect(await loadPublicKey(jwk)).toHaveProperty(
      'value.thumbprint',
      await calculateJwkThumbprint(jwk),
    )
    expect(await loadPublicKey(padded(jwk, ...names))).toEqual(refusing(/33 bytes|zero byte/))
  })

  it('refuses a P-256 point that is not on the curve, or whose coordinate is not below the prime', async () => {
    const [jwk, other] = [publicJwk('ES256'), publicJwk('ES256')]
    expect(await loadPublicKey({ ...jwk, y: other['y'] })).toEqual(
      refusing(/not a public key of ES256/),
    )
    // The curve has a point with x = 0; its x has a second text of 32 bytes, the prime itself.
    const y = '66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4'
    const prime = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff'
    const at = (x: string): Jwk => ({
      kty: 'EC',
      crv: 'P-256',
      x: Buffer.from(x, 'hex').toString('base64url'),
      y: Buffer.from(y, 'hex').toString('base64url'),
    })
    expect(await loadPublicKey(at('00'.repeat(32)))).toHaveProperty('value.thumbprint')
    expect(await loadPublicKey(at(prime))).toEqual(refusing(/"x" is not below the prime/))
  })

  it.each(['EdDSA', 'Ed25519'])('takes an Ed25519 key whose "alg" is %s', async (alg) => {
    expect(await loadPublicKey({ ...publicJwk('EdDSA'), alg })).toHaveProperty('value.algorithm')
  })

  it('refuses the "alg" Ed25519 for a key of another type', async () => {
    const loaded = await loadPublicKey({ ...publicJwk('ES256'), alg: 'Ed25519' })
    expect(loaded).toEqual(refuse('expected "alg": "ES256" for this type of key'))
  })
})

describe('parseOperatorKeys() and sharedKeyIndex()', () => {
  it.each([
    ['RS256', ['n']],
    ['ES256', ['x', 'y']],
  ] as const)(
    'are not deceived by the padded text of a key of %s, as a second key or as a signing key',
    async (alg, names) => {
      const jwk = publicJwk(alg)
      const disguised = padded(jwk, ...names)
      await expect(parseOperatorKeys({ keys: [jwk, disguised] })).rejects.toThrow(/keys\.1/)

      const privateKeys = await signingKeysOf(alg)
      const signing = await parseSigningKeys(privateKeys)
      const { kid: _, ...published } = signing.jwks.keys[0] as unknown as Jwk
      const operatorKeys = await parseOperatorKeys({ keys: [published] })
      expect(sharedKeyIndex(operatorKeys, signing.publicKeys)).toBe(0)
      await expect(parseOperatorKeys({ keys: [padded(published, ...names)] })).rejects.toThrow(
        /keys/,
      )
    },
  )
})

describe('parseSigningKeys()', () => {
  it.each([
    ['RS256', 'd'],
    ['RS256', 'dp'],
    ['ES256', 'd'],
    ['EdDSA', 'd'],
  ] as const)('refuses a private key of %s with a zero byte before "%s"', async (alg, name) => {
    // The challenge keys are derived from the bytes of "d": another text would give other keys.
    const [jwk] = (await signingKeysOf(alg)).keys as readonly unknown[] as Jwk[]
    const bad = { keys: [padded(jwk as Jwk, name)] }
    await expect(parseSigningKeys(bad)).rejects.toThrow(/not a private key of .*"dp?"/)
  })

  it('refuses an RSA key pair whose published modulus is even', async () => {
    const [jwk] = (await signingKeysOf('RS256')).keys as readonly unknown[] as Jwk[]
    const { n } = evenModulus()
    await expect(parseSigningKeys({ keys: [{ ...jwk, n }] })).rejects.toThrow(/even/)
  })

  it('takes keys that node:crypto made, so minimal numbers are what tools write', async () => {
    const { privateKey } = sharedRsaPair()
    const parsed = await parseSigningKeys({ keys: [privateKey.export({ format: 'jwk' })] })
    const again = createPrivateKey({
      key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
      format: 'pem',
    })
    const signature = sign('sha256', Buffer.from('x'), again)
    const { subtle } = parsed.signer.algorithm
    const key = (await parsed.publicKeys[0]?.key()) as CryptoKey
    expect(await crypto.subtle.verify(subtle, key, signature, Buffer.from('x'))).toBe(true)
  })
})
