// The certificate of an emulator, beside the real one.

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import { EMULATOR_EXTENSION } from '../../../src/codec/certificate.ts'
import {
  ALIBABA_CLOUD_TRUST_ANCHORS,
  type TrustAnchor,
  parseTrustAnchors,
} from '../../../src/index.ts'
import {
  createSigningIdentity,
  generateSigningKeyPair,
  randomSerialNumber,
} from '../../../src/emulator/signing-identity.ts'
import { requireTool } from '../../support/requirements.ts'
import { createTestCloud } from '../../support/test-cloud.ts'

const NOW = 1_800_000_000
const DAY_SECONDS = 86_400

let anchor: TrustAnchor
let pem: string
const real = ALIBABA_CLOUD_TRUST_ANCHORS[0] as TrustAnchor

beforeAll(async () => {
  const keys = await generateSigningKeyPair()
  const { certificatePem } = await createSigningIdentity(keys, '7fee0001', NOW)
  pem = certificatePem
  anchor = (await parseTrustAnchors(pem))[0] as TrustAnchor
})

/** The certificate as openssl shows it. */
const shownByOpenssl = (context: TestContext, ...args: string[]): string => {
  const openssl = requireTool(context, 'openssl', 'apt-get install openssl')
  return execFileSync(openssl, args, { input: pem, encoding: 'utf8' })
}

describe('createSigningIdentity()', () => {
  it('makes a certificate with the very name of the real one', () => {
    expect(toHex(anchor.issuer)).toBe(toHex(real.issuer))
  })

  it('makes a certificate with the serial number asked for, as long as the real one', () => {
    expect(toHex(anchor.serialNumber)).toBe('7fee0001')
    expect(real.serialNumber.length).toBe(anchor.serialNumber.length)
  })

  it('makes a certificate that is valid now and for years', () => {
    expect(anchor.notBefore).toBe(NOW - DAY_SECONDS)
    expect(anchor.notAfter).toBeGreaterThan(NOW + 10 * 365 * DAY_SECONDS)
  })

  it('makes a certificate that ends after 2049, by GeneralizedTime', async () => {
    const late = 2_000_000_000
    const { certificatePem } = await createSigningIdentity(
      await generateSigningKeyPair(),
      '40000001',
      late,
    )
    const [made] = await parseTrustAnchors(certificatePem)
    expect(made?.notAfter).toBe(late - DAY_SECONDS + 20 * 365 * DAY_SECONDS)
  })
})

describe('the mark of the emulator', () => {
  it('is seen in a certificate of the emulator, and in no other', async () => {
    expect(anchor.emulated).toBe(true)
    expect(real.emulated).toBe(false)
    const [other] = await parseTrustAnchors((await createTestCloud()).certificatePem)
    expect(other?.emulated).toBe(false)
  })

  it('is a critical extension with the identifier that openssl reads', (context) => {
    // openssl shows an arc of 128 bits only where it is given a name.
    const config = join(tmpdir(), `rollcall-oid-${process.pid}.cnf`)
    writeFileSync(
      config,
      `openssl_conf = top\n[top]\noid_section = oids\n[oids]\nrollcallEmulator = ${EMULATOR_EXTENSION}\n`,
    )
    try {
      const openssl = requireTool(context, 'openssl', 'apt-get install openssl')
      const env = { ...process.env, OPENSSL_CONF: config }
      const args = ['x509', '-noout', '-text']
      const text = execFileSync(openssl, args, { input: pem, encoding: 'utf8', env })
      expect(text).toMatch(/rollcallEmulator: critical/)
      expect(text).toMatch(/X509v3 Subject Key Identifier/)
    } finally {
      rmSync(config)
    }
  })

  it('stands in a certificate that openssl and @peculiar/x509 find well-formed and self-signed', async (context) => {
    const text = shownByOpenssl(context, 'x509', '-noout', '-text')
    expect(text).toContain('Version: 3 (0x2)')
    expect(text).toContain('Signature Algorithm: sha256WithRSAEncryption')
    const certificate = new x509.X509Certificate(pem)
    expect(await certificate.isSelfSigned()).toBe(true)
    const identifier = certificate.getExtension(x509.SubjectKeyIdentifierExtension)
    const expected = await x509.SubjectKeyIdentifierExtension.create(certificate.publicKey)
    expect(identifier?.keyId).toBe(expected.keyId)
  })
})

describe('randomSerialNumber()', () => {
  it('gives four bytes, positive and in shortest form, another each time', () => {
    const serials = Array.from({ length: 100 }, randomSerialNumber)
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{7}$/)
    expect(new Set(serials).size).toBeGreaterThan(90)
  })
})
