// The table of signature algorithms: every pair of object identifiers, of which the right ones are few.

import { describe, expect, it } from 'vitest'
import { oid } from '../../../src/codec/der.ts'
import type { SignedData } from '../../../src/codec/signed-data.ts'
import { chooseAlgorithm } from '../../../src/verify/algorithms.ts'
import { refusedAs } from '../../support/refusals.ts'

const DIGESTS = {
  'SHA-1': '1.3.14.3.2.26',
  'SHA-256': '2.16.840.1.101.3.4.2.1',
  'SHA-384': '2.16.840.1.101.3.4.2.2',
  'SHA-512': '2.16.840.1.101.3.4.2.3',
} as const
const SIGNATURES = {
  'SHA-1': '1.2.840.113549.1.1.5',
  'SHA-256': '1.2.840.113549.1.1.11',
  'SHA-384': '1.2.840.113549.1.1.12',
  'SHA-512': '1.2.840.113549.1.1.13',
} as const
type Hash = keyof typeof DIGESTS
const HASHES = Object.keys(DIGESTS) as readonly Hash[]
const RSA = '1.2.840.113549.1.1.1'

/** A message that names these algorithms, each in dotted decimal. */
const message = (digest: string, signature: string, outerDigest = digest): SignedData => ({
  content: undefined,
  digestAlgorithm: oid(outerDigest),
  signer: {
    issuer: new Uint8Array(),
    serialNumber: new Uint8Array(),
    digestAlgorithm: oid(digest),
    signatureAlgorithm: oid(signature),
    signedAttributes: undefined,
    signature: new Uint8Array(),
  },
})

describe('chooseAlgorithm()', () => {
  it.each(HASHES)('chooses %s by its digest, whichever of two names the signature has', (hash) => {
    for (const signature of [RSA, SIGNATURES[hash]]) {
      expect(chooseAlgorithm(message(DIGESTS[hash], signature), true).hash).toBe(hash)
    }
  })

  const pairs = HASHES.flatMap((digest) =>
    HASHES.filter((other) => other !== digest).map((other) => [digest, other] as const),
  )
  it.each(pairs)('refuses the digest %s where the signature or the message names %s', (a, b) => {
    expect(() => chooseAlgorithm(message(DIGESTS[a], SIGNATURES[b]), true)).toThrow(
      refusedAs(
        'unsupported_algorithm',
        'a signature algorithm that is not RSA with the same digest',
      ),
    )
    expect(() => chooseAlgorithm(message(DIGESTS[a], RSA, DIGESTS[b]), true)).toThrow(
      refusedAs('unsupported_algorithm', 'digest algorithms that differ within the message'),
    )
  })

  it.each([
    ['MD5', '1.2.840.113549.2.5'],
    ['SHA-224', '2.16.840.1.101.3.4.2.4'],
    ['SHA3-256', '2.16.840.1.101.3.4.2.8'],
    ['a signature algorithm', SIGNATURES['SHA-256']],
  ])('refuses the digest %s', (_, digest) => {
    expect(() => chooseAlgorithm(message(digest, RSA), true)).toThrow(
      refusedAs('unsupported_algorithm', 'a digest algorithm that is not supported'),
    )
  })

  it.each([
    ['PSS', '1.2.840.113549.1.1.10'],
    ['ECDSA', '1.2.840.10045.4.3.2'],
    ['DSA', '1.2.840.10040.4.3'],
    ['a digest', DIGESTS['SHA-256']],
  ])('refuses the signature %s', (_, signature) => {
    expect(() => chooseAlgorithm(message(DIGESTS['SHA-256'], signature), true)).toThrow(
      refusedAs('unsupported_algorithm'),
    )
  })

  it('refuses SHA-1 alone once it is switched off', () => {
    expect(() => chooseAlgorithm(message(DIGESTS['SHA-1'], RSA), false)).toThrow(
      refusedAs('unsupported_algorithm', 'SHA-1 is switched off'),
    )
    for (const hash of HASHES.slice(1)) {
      expect(chooseAlgorithm(message(DIGESTS[hash], RSA), false).hash).toBe(hash)
    }
  })
})
