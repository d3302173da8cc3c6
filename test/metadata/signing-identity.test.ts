// The certificate of an emulator, beside the real one.

import { beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../src/bytes.ts'
import {
  ALIBABA_CLOUD_TRUST_ANCHORS,
  type TrustAnchor,
  parseTrustAnchors,
} from '../../src/index.ts'
import {
  createSigningIdentity,
  generateSigningKeys,
  randomSerialNumber,
} from '../../src/metadata/signing-identity.ts'

const NOW = 1_800_000_000
const DAY_SECONDS = 86_400

let anchor: TrustAnchor
const real = ALIBABA_CLOUD_TRUST_ANCHORS[0] as TrustAnchor

beforeAll(async () => {
  const keys = await generateSigningKeys()
  const { certificatePem } = await createSigningIdentity(keys, '7fee0001', NOW)
  anchor = (await parseTrustAnchors(certificatePem))[0] as TrustAnchor
})

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
})

describe('randomSerialNumber()', () => {
  it('gives four bytes, positive and in shortest form, another each time', () => {
    const serials = Array.from({ length: 100 }, randomSerialNumber)
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{7}$/)
    expect(new Set(serials).size).toBeGreaterThan(90)
  })
})
