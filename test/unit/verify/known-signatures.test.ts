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
    expect(await checkKnownSignatures(crypto, true)).toEqual({ ok: true, value: true })
    expect(await checkKnownSignatures(crypto, false)).toEqual({ ok: true, value: true })
  })

  /** What is said of a platform that is wrong about the signatures of one hash. */
  const problem = {
    'SHA-1': `${name} rejects SHA-1 signatures, which ECS makes; set rh-allow-sha1-signatures = yes in OpenSSL's configuration, or run update-crypto-policies --set DEFAULT:SHA1`,
    'SHA-256': expect.stringContaining(`${name} fails to verify a known RSA signature`) as string,
  }

  it.each<[string, () => boolean | Promise<boolean>]>([
    ['says no', () => false],
    ['says yes to everything', () => true],
  ])('refuses one that %s, and names what to do', async (_, verdict) => {
    const refused = (hash: keyof typeof problem) => ({
      ok: false,
      refusal: { name: 'ConfigurationError', problems: [problem[hash]] },
    })
    expect(await checkKnownSignatures(saying('SHA-1', verdict), true)).toMatchObject(
      refused('SHA-1'),
    )
    expect(await checkKnownSignatures(saying('SHA-1', verdict), false)).toMatchObject({ ok: true })
    for (const allowSha1 of [true, false]) {
      expect(await checkKnownSignatures(saying('SHA-256', verdict), allowSha1)).toMatchObject(
        refused('SHA-256'),
      )
    }
  })

  it.each<[string, () => boolean | Promise<boolean>]>([
    ['throws', throwing],
    ['rejects', async () => throwing()],
  ])('rejects, without a verdict, for one that %s', async (_, verdict) => {
    await expect(checkKnownSignatures(saying('SHA-1', verdict), true)).rejects.toMatchObject({
      name: 'ConfigurationError',
      problems: [problem['SHA-1']],
    })
    expect(await checkKnownSignatures(saying('SHA-1', verdict), false)).toMatchObject({ ok: true })
    for (const allowSha1 of [true, false]) {
      await expect(
        checkKnownSignatures(saying('SHA-256', verdict), allowSha1),
      ).rejects.toMatchObject({ problems: [problem['SHA-256']] })
    }
  })
})
