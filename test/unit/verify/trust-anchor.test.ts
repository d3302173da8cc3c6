// Trust anchors: which keys are strong enough, and which of several anchors signed.

import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toBase64 } from '../../../src/base/bytes.ts'
import type { CryptoPort } from '../../../src/base/crypto.ts'
import type { InstanceIdentityErrorCode } from '../../../src/base/errors.ts'
import { CRYPTO_PORTS, verifyInstanceIdentity } from '../../support/every-crypto.ts'
import {
  createTrustAnchor,
  parseTrustAnchors,
  verifierOf,
} from '../../../src/verify/trust-anchor.ts'
import { refusedAs } from '../../support/refusals.ts'
import {
  type TestCloudOptions,
  createTestCloud,
  documentText,
  sharedTestCloud,
  sharedTestKeys,
} from '../../support/test-cloud.ts'

/** A certificate with one byte of its key changed; nothing checks a pinned certificate's own signature. */
const withEvenModulus = (der: Uint8Array): Uint8Array => {
  const changed = Uint8Array.from(der)
  // The last bytes of the key are the modulus, then INTEGER 65537.
  const exponent = Buffer.from([0x02, 0x03, 0x01, 0x00, 0x01])
  const at = Buffer.from(changed).lastIndexOf(exponent) - 1
  changed[at] = (changed[at] as number) & 0xfe
  return changed
}

describe('parseTrustAnchors()', () => {
  it('reads every certificate of a file, and what stands between them', async () => {
    const [a, b] = [
      await sharedTestCloud(),
      await createTestCloud({ keys: await sharedTestKeys(), serialNumber: '05' }),
    ]
    const pem = `# ours\r\n${a.certificatePem}\nSubject: b\n${b.certificatePem}`
    expect(await parseTrustAnchors(pem)).toHaveLength(2)
  })

  it.each<[string, string, InstanceIdentityErrorCode]>([
    ['no certificate', 'nothing', 'malformed_encoding'],
    [
      'a private key',
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----',
      'malformed_encoding',
    ],
    [
      'broken base64',
      '-----BEGIN CERTIFICATE-----\nA*A=\n-----END CERTIFICATE-----',
      'malformed_encoding',
    ],
    ['broken DER', '-----BEGIN CERTIFICATE-----\nMAMC\n-----END CERTIFICATE-----', 'malformed_der'],
  ])('refuses %s', async (_, pem, code) => {
    await expect(parseTrustAnchors(pem)).rejects.toThrow(refusedAs(code))
  })

  it.each<[string, TestCloudOptions]>([
    ['less than 2048 bits', { modulusLength: 1024 }],
    ['the exponent 3', { publicExponent: Uint8Array.of(3) }],
  ])('refuses a key of %s', async (_, options) => {
    const { certificatePem } = await createTestCloud(options)
    await expect(parseTrustAnchors(certificatePem)).rejects.toMatchObject({
      code: 'unsupported_algorithm',
    })
  })

  it('refuses a key whose modulus is even', async () => {
    const { certificateDer } = await sharedTestCloud()
    const pem = (der: Uint8Array): string =>
      `-----BEGIN CERTIFICATE-----\n${toBase64(der)}\n-----END CERTIFICATE-----`
    expect(await parseTrustAnchors(pem(certificateDer))).toHaveLength(1)
    await expect(parseTrustAnchors(pem(withEvenModulus(certificateDer)))).rejects.toMatchObject({
      code: 'unsupported_algorithm',
      message: expect.stringContaining('odd modulus') as string,
    })
  })
})

describe('createTrustAnchor()', () => {
  it('is plain data of its own: a change of the certificate’s bytes does not change it', async () => {
    const bytes = Uint8Array.from((await sharedTestCloud()).certificateDer)
    const anchor = createTrustAnchor(bytes)
    const before = structuredClone(anchor)
    bytes.fill(0)
    expect(anchor).toEqual(before)
    expect(before.emulated).toBe(false)
    expect(before.fingerprint).toMatch(/^[0-9a-f]{64}$/)
  })

  it('refuses bytes behind the certificate', async () => {
    const { certificateDer } = await sharedTestCloud()
    const longer = Uint8Array.of(...certificateDer, 0)
    expect(() => createTrustAnchor(longer)).toThrow(refusedAs('malformed_der'))
  })
})

describe.each(CRYPTO_PORTS)('verifierOf() with %s', (_, crypto) => {
  it('loads a key again after a failure, and keeps what was loaded', async () => {
    const [anchor] = await parseTrustAnchors((await sharedTestCloud()).certificatePem)
    if (anchor === undefined) throw new Error('no trust anchor')
    let loads = 0
    const failing: CryptoPort = {
      ...crypto,
      rsaVerifier(spki, hash) {
        if (loads++ === 0) throw new Error('busy')
        return crypto.rsaVerifier(spki, hash)
      },
    }
    const load = async () => verifierOf(anchor, 'SHA-256', failing)
    await expect(load()).rejects.toThrow(refusedAs('unsupported_algorithm'))
    expect(await load()).toBe(await load())
    expect(loads).toBe(2)
  })

  it('loads a key once for each hash, and has it at hand from then on', async () => {
    const anchor = createTrustAnchor((await sharedTestCloud()).certificateDer)
    let loads = 0
    const counting: CryptoPort = {
      ...crypto,
      rsaVerifier(spki, hash) {
        loads++
        return crypto.rsaVerifier(spki, hash)
      },
    }
    const [one, same] = await Promise.all([
      verifierOf(anchor, 'SHA-256', counting),
      verifierOf(anchor, 'SHA-256', counting),
    ])
    expect(same).toBe(one)
    expect(verifierOf(anchor, 'SHA-256', counting)).toBe(one)
    expect(await verifierOf(anchor, 'SHA-1', counting)).not.toBe(one)
    expect(loads).toBe(2)
  })

  it('refuses a key that the platform does not take, each time', async () => {
    const anchor = createTrustAnchor((await sharedTestCloud()).certificateDer)
    const broken = { ...anchor, publicKey: anchor.publicKey.slice(0, -1) }
    for (let i = 0; i < 2; i++) {
      await expect(verifierOf(broken, 'SHA-256', crypto)).rejects.toThrow(
        refusedAs('unsupported_algorithm', 'a trust anchor whose key cannot be imported'),
      )
    }
  })

  it('refuses a key of a curve, whatever the anchor says of it', async () => {
    const anchor = createTrustAnchor((await sharedTestCloud()).certificateDer)
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const spki = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }))
    await expect(verifierOf({ ...anchor, publicKey: spki }, 'SHA-256', crypto)).rejects.toThrow(
      refusedAs('unsupported_algorithm'),
    )
  })
})

describe('verifyInstanceIdentity()', () => {
  it('refuses an empty set of trust anchors', async () => {
    const { sign } = await sharedTestCloud()
    const evidence = { pkcs7: sign(documentText()) }
    await expect(
      verifyInstanceIdentity(evidence, { audience: null, trustAnchors: [] }),
    ).rejects.toThrow(RangeError)
  })

  it('trusts only while the anchor is valid, its first and last second included', async () => {
    const notBefore = new Date('2020-01-01T00:00:00Z')
    const notAfter = new Date('2020-12-31T00:00:00Z')
    const cloud = await createTestCloud({ keys: await sharedTestKeys(), notBefore, notAfter })
    const trustAnchors = await parseTrustAnchors(cloud.certificatePem)
    const at = (now: number) =>
      verifyInstanceIdentity(
        { pkcs7: cloud.sign(documentText()) },
        { audience: null, trustAnchors, now },
      )
    const [first, last] = [notBefore.getTime() / 1000, notAfter.getTime() / 1000]
    await at(first)
    await at(last)
    for (const now of [first - 1, last + 1]) {
      await expect(at(now)).rejects.toMatchObject({ code: 'trust_anchor_not_valid' })
    }
  })

  it('lets the key decide between anchors of one name and serial number', async () => {
    const [one, two] = [await sharedTestCloud(), await createTestCloud()]
    const trustAnchors = await parseTrustAnchors(one.certificatePem + two.certificatePem)
    for (const [index, cloud] of [one, two].entries()) {
      const identity = await verifyInstanceIdentity(
        { pkcs7: cloud.sign(documentText()) },
        { audience: null, trustAnchors },
      )
      expect(identity.trustAnchor).toBe(trustAnchors[index]?.fingerprint)
    }
  })

  it.each([
    ['bytes', (bytes: Uint8Array) => Uint8Array.from(bytes)],
    ['Buffer', (bytes: Uint8Array) => Buffer.from(bytes)],
  ])('is not moved by what happens to the caller’s %s after the call', async (_, copy) => {
    const cloud = await sharedTestCloud()
    const trustAnchors = await parseTrustAnchors(cloud.certificatePem)
    const pkcs7 = copy(cloud.sign(documentText()))
    const options = { audience: null, trustAnchors }
    const { digest } = await verifyInstanceIdentity({ pkcs7: Uint8Array.from(pkcs7) }, options)
    const pending = verifyInstanceIdentity({ pkcs7 }, options)
    pkcs7.fill(0)
    expect((await pending).digest).toBe(digest)
  })
})
