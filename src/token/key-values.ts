// The numbers inside a JWK, checked before a platform imports them. Two rules: a key has exactly one text,
// so that it has one thumbprint; and a key that verifies signatures made without a private key is
// refused. Platforms check neither for every type of key.

import { type Bytes, toHex } from '../base/bytes.ts'
import { type Result, accept, refuse } from '../base/result.ts'

/** The members of a JWK that hold numbers, decoded; by name. */
export type KeyValues = Readonly<Record<string, Bytes>>

/** Bytes of each number of a P-256 or Ed25519 key (RFC 7518 section 6.2.1.2, RFC 8037 section 2). */
const CURVE_BYTES = 32

const checkLengths = (values: KeyValues, curve: string): Result<KeyValues, string> => {
  const wrong = Object.entries(values).find(([, { length }]) => length !== CURVE_BYTES)
  if (wrong === undefined) return accept(values)
  const [name, { length }] = wrong
  return refuse(`"${name}" has ${length} bytes; a key of ${curve} has ${CURVE_BYTES}`)
}

const P256_PRIME = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff'

/** Checks P-256. Whether the point is on the curve is for the platform, which does check it. */
export const checkP256 = (values: KeyValues): Result<KeyValues, string> => {
  const lengths = checkLengths(values, 'P-256')
  if (!lengths.ok) return lengths
  const large = ['x', 'y'].find((name) => toHex(values[name] ?? new Uint8Array()) >= P256_PRIME)
  return large === undefined
    ? accept(values)
    : refuse(`"${large}" is not below the prime of the curve`)
}

/**
 * The y coordinates of the eight points of small order, as RFC 8032 section 5.1.2 encodes them, without the
 * bit for the sign of x. Under such a key a signature can be made without a private key.
 */
const SMALL_ORDER: ReadonlySet<string> = /* @__PURE__ */ new Set([
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/** Above the prime 2^255 - 19, where only a second text of a small y is left. */
const NOT_CANONICAL = /* @__PURE__ */ new RegExp(`^(?:e[d-f]|f.)${'ff'.repeat(30)}7f$`)

/** Checks Ed25519. A point that is not on the curve verifies nothing. */
export const checkEd25519 = (values: KeyValues): Result<KeyValues, string> => {
  const lengths = checkLengths(values, 'Ed25519')
  if (!lengths.ok) return lengths
  const y = Uint8Array.from(values['x'] ?? [])
  // The top bit is the sign of the point's x coordinate. (A JWK calls the whole encoding "x".)
  y[CURVE_BYTES - 1] = (y[CURVE_BYTES - 1] ?? 0) & 0x7f
  const hex = toHex(y)
  if (NOT_CANONICAL.test(hex)) {
    return refuse('the point is not encoded canonically (RFC 8032 section 5.1.3)')
  }
  return SMALL_ORDER.has(hex)
    ? refuse('a point of small order: anybody can make signatures for it')
    : accept(values)
}

const MIN_MODULUS_BITS = 2048

/** Checks RSA; its exponent is fixed elsewhere. */
export const checkRsa = (values: KeyValues): Result<KeyValues, string> => {
  const { n = new Uint8Array() } = values
  const padded = Object.entries(values).find(([, bytes]) => (bytes[0] ?? 0) === 0)
  if (padded !== undefined) {
    return refuse(`"${padded[0]}" is empty or begins with a zero byte; leave that byte out`)
  }
  if (((n.at(-1) ?? 0) & 1) === 0) return refuse('the modulus is even, so it has the factor 2')
  const bits = n.length * 8 - (Math.clz32(n[0] ?? 0) - 24)
  return bits < MIN_MODULUS_BITS
    ? refuse(`weak: the modulus has ${bits} bits; at least ${MIN_MODULUS_BITS} are needed`)
    : accept(values)
}
