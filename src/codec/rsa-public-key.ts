// RSA keys inside SubjectPublicKeyInfo (RFC 3279 section 2.3.1): enough to judge their strength.
// No I/O.

import { readAlgorithmIdentifier } from './algorithm-identifier.ts'
import {
  TAG,
  errorAt,
  expectEnd,
  oid,
  readInside,
  readOctetAlignedBits,
  readUnsigned,
  readerWithin,
} from './der.ts'

const RSA_ENCRYPTION = /* @__PURE__ */ oid('1.2.840.113549.1.1.1')

/** The size of an RSA public key. */
export interface RsaPublicKey {
  /** Length of the modulus in bits. */
  readonly modulusBits: number
  /** Whether the modulus is even. Then it has the factor 2, so the key is broken. */
  readonly modulusIsEven: boolean
  /** Big endian, without leading zero. */
  readonly publicExponent: Uint8Array
}

const withoutSignByte = (integer: Uint8Array): Uint8Array =>
  integer[0] === 0 ? integer.subarray(1) : integer

/**
 * Reads a SubjectPublicKeyInfo that holds an RSA key.
 * @param whole what it is a view of, such as a certificate: offsets of errors count in these bytes
 * @throws InstanceIdentityError `malformed_der`, `unsupported_algorithm` if the key isn't RSA
 */
export const readRsaPublicKey = (
  subjectPublicKeyInfo: Uint8Array,
  whole: Uint8Array = subjectPublicKeyInfo,
): RsaPublicKey => {
  const outer = readerWithin(whole, subjectPublicKeyInfo)
  const info = readInside(outer, TAG.sequence)
  expectEnd(outer)
  const at = info.offset
  if (readAlgorithmIdentifier(info) !== RSA_ENCRYPTION) {
    throw errorAt(info, at, 'unsupported_algorithm', 'a public key that is not RSA')
  }
  const bits = readerWithin(whole, readOctetAlignedBits(info))
  expectEnd(info)
  const key = readInside(bits, TAG.sequence)
  expectEnd(bits)
  const modulus = withoutSignByte(readUnsigned(key))
  const publicExponent = withoutSignByte(readUnsigned(key))
  expectEnd(key)
  const [top = 0] = modulus
  return {
    modulusBits: modulus.length * 8 - (Math.clz32(top) - 24),
    modulusIsEven: ((modulus.at(-1) ?? 0) & 1) === 0,
    publicExponent,
  }
}
