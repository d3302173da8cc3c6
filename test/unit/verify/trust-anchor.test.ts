// Trust anchors: the built-in one pinned, and each field that our reader takes of a certificate against
// what @peculiar/x509 and the openssl command read.

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { toBase64, toHex } from '../../../src/base/bytes.ts'
import { readCertificate } from '../../../src/codec/certificate.ts'
import { derReader } from '../../../src/codec/der.ts'
import {
  ALIBABA_CLOUD_TRUST_ANCHORS,
  parseTrustAnchors,
  verifyInstanceIdentity,
} from '../../../src/index.ts'
import { requireTool } from '../../support/requirements.ts'
import {
  type TestCloudOptions,
  createTestCloud,
  documentText,
  sharedTestCloud,
  sharedTestKeys,
} from '../../support/test-cloud.ts'

const spkiPem = (der: Uint8Array): string =>
  `-----BEGIN PUBLIC KEY-----\n${toBase64(der).replaceAll(/.{64}/g, '$&\n')}\n-----END PUBLIC KEY-----\n`

describe('ALIBABA_CLOUD_TRUST_ANCHORS', () => {
  it('is the one certificate that signs in all regions, pinned', () => {
    expect(ALIBABA_CLOUD_TRUST_ANCHORS).toHaveLength(1)
    const [anchor] = ALIBABA_CLOUD_TRUST_ANCHORS
    expect(anchor?.fingerprint).toBe(
      '09025956e3895bfddeccdc9b37527534cdaf501bfc814be8808a12f8710a1941',
    )
    expect(toHex(anchor?.serialNumber as Uint8Array)).toBe('6666d187')
    expect(anchor?.notBefore).toBe(Date.UTC(2018, 1, 23, 1, 29, 38) / 1000)
    expect(anchor?.notAfter).toBe(Date.UTC(2038, 1, 18, 1, 29, 38) / 1000)
    expect(
      Buffer.from(anchor?.issuer as Uint8Array)
        .toString('latin1')
        .match(/Unknown/g),
    ).toHaveLength(6)
  })

  it('has an RSA key of 2048 bits with e = 65537, as openssl reads it', (context) => {
    const openssl = requireTool(context, 'openssl', 'apt-get install openssl')
    const input = spkiPem(ALIBABA_CLOUD_TRUST_ANCHORS[0]?.publicKey as Uint8Array)
    const args = ['pkey', '-pubin', '-noout', '-text']
    const text = execFileSync(openssl, args, { input, encoding: 'utf8' })
    expect(text).toMatch(/Public-Key: \(2048 bit\)/)
    expect(text).toMatch(/Exponent: 65537/)
  })
})

describe('readCertificate()', () => {
  const cases: [string, TestCloudOptions][] = [
    ['like the real one', {}],
    ['with a key of 3072 bits', { modulusLength: 3072 }],
    ['with a serial number of one byte', { serialNumber: '01' }],
    ['with a serial number of twenty bytes', { serialNumber: '7f'.repeat(20) }],
    ['that ends in 2049, by UTCTime', { notAfter: new Date('2049-12-31T23:59:59Z') }],
    ['that ends in 2050, by GeneralizedTime', { notAfter: new Date('2050-01-01T00:00:00Z') }],
    ['that began in 1950', { notBefore: new Date('1950-01-01T00:00:00Z') }],
    ['that ends in 9999', { notAfter: new Date('9999-12-31T23:59:59Z') }],
  ]
  it.each(cases)('reads what @peculiar/x509 reads of a certificate %s', async (_, options) => {
    const keys = options.modulusLength === undefined && { keys: await sharedTestKeys() }
    const { certificateDer } = await createTestCloud({ ...options, ...keys })
    const theirs = new x509.X509Certificate(Uint8Array.from(certificateDer))
    const ours = readCertificate(derReader(certificateDer))
    expect(toHex(ours.serialNumber).replace(/^00/, '')).toBe(theirs.serialNumber.replace(/^00/, ''))
    expect(toHex(ours.issuer)).toBe(toHex(new Uint8Array(theirs.issuerName.toArrayBuffer())))
    expect(ours.notBefore).toBe(theirs.notBefore.getTime() / 1000)
    expect(ours.notAfter).toBe(theirs.notAfter.getTime() / 1000)
    expect(toHex(ours.subjectPublicKeyInfo)).toBe(toHex(new Uint8Array(theirs.publicKey.rawData)))
  })
})

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

  it.each([
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
    await expect(parseTrustAnchors(pem)).rejects.toMatchObject({ code })
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
