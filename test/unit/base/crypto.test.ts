// The primitives of each implementation, against published vectors and against node:crypto's other interfaces.

import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { WEB_CRYPTO, type HashName, type SigningAlgorithm } from '../../../src/base/crypto.ts'
import { NODE_CRYPTO } from '../../../src/node/node-crypto.ts'
import { CRYPTO_PORTS } from '../../support/every-crypto.ts'
import { sharedRsaPair } from '../../support/rsa-keys.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const MESSAGE = utf8('message')

/** FIPS 180-4, the digest of `abc`. */
const ABC: readonly (readonly [HashName, string])[] = [
  ['SHA-1', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['SHA-256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'SHA-384',
    'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed' +
      '8086072ba1e7cc2358baeca134c825a7',
  ],
  [
    'SHA-512',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
      '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  ],
]

const keyPair = (algorithm: SigningAlgorithm) =>
  algorithm === 'RS256'
    ? sharedRsaPair()
    : algorithm === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })

describe.each(CRYPTO_PORTS)('%s', (_, crypto) => {
  it.each(ABC)('makes the digest of %s', async (hash, digest) => {
    expect(hex(await crypto.digest(hash, utf8('abc')))).toBe(digest)
  })

  it('makes a digest of SHA-256 at once, in bytes that are no Buffer', () => {
    const digest = crypto.sha256(utf8('abc'))
    expect(hex(digest)).toBe(ABC[1]?.[1])
    expect(digest.constructor).toBe(Uint8Array)
  })

  it('decodes base64, and no other text than the one that encodes the bytes', () => {
    for (let length = 0; length < 40; length++) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 89 + length) & 0xff)
      expect(crypto.fromBase64(Buffer.from(bytes).toString('base64'))).toEqual(bytes)
    }
    const others = ['Zg', 'Zg=', 'Zh==', 'Zm9=', 'Zm9v\n', ' Zm9v', 'Zm 9v', 'Zg==Zg==', '====']
    const beside = ['-_-_', 'Zm9v\u0100AAA', '\u{1f600}AA', 'Zm9v====', 'Zm=v', '=']
    for (const text of [...others, ...beside]) expect(crypto.fromBase64(text)).toBeUndefined()
    expect(crypto.fromBase64('Zm9v')?.constructor).toBe(Uint8Array)
  })

  it('encodes base64url without padding, of a part of a buffer too', () => {
    const all = Uint8Array.from({ length: 80 }, (_, at) => (at * 89 + 250) & 0xff)
    for (let length = 0; length < 40; length++) {
      const bytes = all.subarray(20, 20 + length)
      expect(crypto.toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
    }
    expect(crypto.toBase64Url(Uint8Array.of(0xfb, 0xff))).toBe('-_8')
  })

  it('makes the MAC of RFC 4231 section 4.3', async () => {
    const mac = await crypto.hmac(utf8('Jefe'))
    expect(hex(await mac(utf8('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })

  it.each(ABC)('verifies RSA signatures with %s, and no other', async (hash) => {
    const { publicKey, privateKey } = sharedRsaPair()
    const spki = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }))
    const verifies = await crypto.rsaVerifier(spki, hash)
    const signature = Uint8Array.from(sign(hash.replace('-', ''), MESSAGE, privateKey))
    expect(await verifies(signature, MESSAGE)).toBe(true)
    const others = [
      new Uint8Array(),
      new Uint8Array(256),
      new Uint8Array(256).fill(0xff),
      signature.subarray(1),
      signature.subarray(0, -1),
      Uint8Array.of(0, ...signature),
      Uint8Array.of(...signature, 0),
      signature.map((byte, at) => (at === 100 ? byte ^ 1 : byte)),
    ]
    for (const other of others) expect(await verifies(other, MESSAGE)).toBe(false)
    expect(await verifies(signature, utf8('another'))).toBe(false)
    const another = await crypto.rsaVerifier(spki, hash === 'SHA-1' ? 'SHA-256' : 'SHA-1')
    expect(await another(signature, MESSAGE)).toBe(false)
  })

  it('verifies no signature with padding of RSASSA-PSS', async () => {
    const { publicKey, privateKey } = sharedRsaPair()
    const spki = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }))
    const verifies = await crypto.rsaVerifier(spki, 'SHA-256')
    const signature = sign('sha256', MESSAGE, { key: privateKey, padding: 6, saltLength: 32 })
    expect(await verifies(Uint8Array.from(signature), MESSAGE)).toBe(false)
  })

  it.each(['ES256', 'RS256', 'EdDSA'] as const)(
    'signs with %s as RFC 7518 wants it',
    async (algorithm) => {
      const { publicKey, privateKey } = keyPair(algorithm)
      const signs = await crypto.signer(privateKey.export({ format: 'jwk' }), algorithm)
      const signature = await signs(MESSAGE)
      expect(signature.constructor).toBe(Uint8Array)
      if (algorithm === 'ES256') expect(signature).toHaveLength(64)
      const hash = algorithm === 'EdDSA' ? null : 'sha256'
      const key = { key: createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })) }
      const form = algorithm === 'ES256' ? { dsaEncoding: 'ieee-p1363' as const } : {}
      expect(verify(hash, MESSAGE, { ...key, ...form }, signature)).toBe(true)
    },
  )

  it.each<[string, () => unknown]>([
    ['no SPKI', () => crypto.rsaVerifier(Uint8Array.of(1), 'SHA-1')],
    [
      'a key of a curve to verify RSA with',
      () => {
        const { publicKey } = keyPair('ES256')
        return crypto.rsaVerifier(
          Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' })),
          'SHA-1',
        )
      },
    ],
    [
      'a key of RSASSA-PSS',
      () => {
        const { publicKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
        return crypto.rsaVerifier(
          Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' })),
          'SHA-1',
        )
      },
    ],
    [
      'a key of another algorithm',
      () => crypto.signer(keyPair('EdDSA').privateKey.export({ format: 'jwk' }), 'ES256'),
    ],
    [
      'a key of another curve',
      () => {
        const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
        return crypto.signer(privateKey.export({ format: 'jwk' }), 'ES256')
      },
    ],
    [
      'a public key to sign with',
      () => crypto.signer(keyPair('ES256').publicKey.export({ format: 'jwk' }), 'ES256'),
    ],
  ])('does not load %s', async (_name, load) => {
    await expect(Promise.resolve().then(load)).rejects.toThrow(Error)
  })
})

describe('WEB_CRYPTO and NODE_CRYPTO', () => {
  it('answer by a promise, and at once', async () => {
    expect(WEB_CRYPTO.digest('SHA-1', MESSAGE)).toBeInstanceOf(Promise)
    const mac = NODE_CRYPTO.hmac(MESSAGE)
    expect(typeof mac === 'function' && mac(MESSAGE)).toHaveLength(32)
  })

  it('make one signature of Ed25519, which is deterministic', async () => {
    const jwk = keyPair('EdDSA').privateKey.export({ format: 'jwk' })
    const [one, other] = await Promise.all(
      CRYPTO_PORTS.map(async ([, crypto]) => (await crypto.signer(jwk, 'EdDSA'))(MESSAGE)),
    )
    expect(one).toEqual(other)
  })
})
