// The built-in trust anchor, pinned, and as the openssl command reads it.

import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { toBase64, toHex } from '../../../src/base/bytes.ts'
import { ALIBABA_CLOUD_TRUST_ANCHORS } from '../../../src/verify/alibaba-cloud.ts'
import { requireTool } from '../../support/requirements.ts'

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
