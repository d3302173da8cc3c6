// The check of the platform's cryptography at the start.

import { describe, expect, it } from 'vitest'
import type { CryptoPort } from '../../../src/base/crypto.ts'
import { checkKnownSignatures } from '../../../src/verify/known-signatures.ts'
import { CRYPTO_PORTS } from '../../support/every-crypto.ts'

describe.each(CRYPTO_PORTS)('checkKnownSignatures() with %s', (name, crypto) => {
  /** @param verdict what it says of the signatures of one hash */
  const saying = (about: string, verdict: () => boolean | Promise<boolean>): CryptoPort => ({
    ...crypto,
    rsaVerifier: async (spki, hash) => (hash === about ? verdict : crypto.rsaVerifier(spki, hash)),
  })
  const throwing = (): never => {
    throw new Error('digital envelope routines::invalid digest')
  }

  it('passes the platform of these tests', async () => {
    await checkKnownSignatures(crypto, true)
    await checkKnownSignatures(crypto, false)
  })

  it.each<[string, () => boolean | Promise<boolean>]>([
    ['says no', () => false],
    ['says yes to everything', () => true],
    ['throws', throwing],
    ['rejects', async () => throwing()],
  ])('refuses one that %s, and names what to do', async (_, verdict) => {
    const problem = `${name} rejects SHA-1 signatures, which ECS makes; set rh-allow-sha1-signatures = yes in OpenSSL's configuration, or run update-crypto-policies --set DEFAULT:SHA1`
    await expect(checkKnownSignatures(saying('SHA-1', verdict), true)).rejects.toMatchObject({
      name: 'ConfigurationError',
      problems: [problem],
    })
    await checkKnownSignatures(saying('SHA-1', verdict), false)
    for (const allowSha1 of [true, false]) {
      await expect(
        checkKnownSignatures(saying('SHA-256', verdict), allowSha1),
      ).rejects.toMatchObject({
        problems: [expect.stringContaining(`${name} fails to verify a known RSA signature`)],
      })
    }
  })
})
