// When the platform and the signing key are tried, and what is kept of it.

import { describe, expect, it } from 'vitest'
import { type CryptoPort } from '../../../src/base/crypto.ts'
import { createTestedReader } from '../../../src/enroll/tested-reader.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { CRYPTO_PORTS } from '../../support/every-crypto.ts'
import { createTestEnroller } from '../../support/test-enroller.ts'

const now = Math.floor(Date.now() / 1000)
const AUDIENCE = 'a'.repeat(64)
const MALFORMED = { document: '{}', pkcs7: 'AAAA', role: 'worker' }

describe.each(CRYPTO_PORTS)('createTestedReader() with %s', (_, port) => {
  /** A reader, and the calls of cryptography that cost: imports of keys. */
  const create = async ({
    mixed = false,
    rsaVerifier = port.rsaVerifier,
    signer = port.signer,
  } = {}) => {
    const calls: string[] = []
    const crypto: CryptoPort = {
      ...port,
      rsaVerifier(spki, hash) {
        calls.push(hash)
        return rsaVerifier(spki, hash)
      },
      signer(jwk, alg) {
        calls.push(alg)
        return signer(jwk, alg)
      },
    }
    const { evidence, options } = await createTestEnroller()
    const [own, other] = await Promise.all([
      generateSigningKeys('ES256'),
      generateSigningKeys('ES256'),
    ])
    const keys = mixed ? { keys: [{ ...own.keys[0], d: other.keys[0]?.d }] } : own
    const signingKeys = await parseSigningKeys(keys, { crypto, importKeys: 'when used' })
    const { trustAnchors } = options
    const reader = createTestedReader(signingKeys, { trustAnchors, allowSha1: true, crypto })
    const { document, pkcs7 } = evidence(AUDIENCE)
    const good = { document, pkcs7, role: 'worker' }
    return { reader, calls, good }
  }
  const TESTED = ['SHA-1', 'SHA-256', 'SHA-1', 'ES256']

  it('tries everything once, after it has verified evidence', async () => {
    const { reader, calls, good } = await create()
    expect(await reader.read(MALFORMED, now)).toMatchObject({ ok: false })
    expect(calls).toEqual([])
    for (let i = 0; i < 2; i++) expect(await reader.read(good, now)).toMatchObject({ ok: true })
    expect(calls).toEqual(TESTED)
  })

  it('tries a key whose halves differ once: malformed posts cost nothing, and all others reject', async () => {
    const { reader, calls, good } = await create({ mixed: true })
    for (let i = 0; i < 3; i++) {
      await expect(reader.read(good, now)).rejects.toThrow(/keys\.0: .*does not match/)
      expect(await reader.read(MALFORMED, now)).toMatchObject({ ok: false })
    }
    await expect(reader.test()).rejects.toThrow(/keys\.0: .*does not match/)
    expect(calls).toEqual(TESTED)
  })

  it('tries a key again that the platform failed to import', async () => {
    let failures = 2
    const { reader, calls, good } = await create({
      signer(jwk, alg) {
        if (failures-- > 0) throw new Error('busy')
        return port.signer(jwk, alg)
      },
    })
    for (let i = 0; i < 2; i++) {
      await expect(reader.read(good, now)).rejects.toThrow(/^configuration is not valid/)
    }
    expect(await reader.read(good, now)).toMatchObject({ ok: true })
    expect(calls).toEqual([...TESTED, 'ES256', 'ES256'])
  })

  it.each([
    ['accepts everything', true],
    ['accepts nothing', false],
  ])('finds cryptography that %s once, and blames no evidence for it', async (_name, verdict) => {
    const { reader, calls, good } = await create({ rsaVerifier: () => () => verdict })
    for (let i = 0; i < 3; i++) {
      await expect(reader.read(good, now)).rejects.toThrow(/known RSA signature with SHA-256/)
    }
    expect(calls).toEqual(['SHA-1', 'SHA-256'])
  })

  it('blames cryptography that throws at SHA-1, and enrolls once it does not', async () => {
    let isDown = true
    const { reader, good } = await create({
      async rsaVerifier(spki, hash) {
        const verify = await port.rsaVerifier(spki, hash)
        return (signature, message) => {
          if (isDown && hash === 'SHA-1') throw new Error('invalid digest')
          return verify(signature, message)
        }
      },
    })
    await expect(reader.read(good, now)).rejects.toThrow(/rh-allow-sha1-signatures/)
    isDown = false
    expect(await reader.read(good, now)).toMatchObject({ ok: true })
  })
})
