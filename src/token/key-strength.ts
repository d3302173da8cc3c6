// Public keys that prove nothing, and second spellings of one key (RFC 7518 section 6, RFC 8032). The
// platforms import them without a word: a signature under such a key needs no private key, and a second
// spelling has another thumbprint. Pure.

import type { JWK } from 'jose'
import { fromBase64Url, toHex } from '../bytes.ts'

const MIN_MODULUS_BITS = 2048

/** Bytes of a coordinate on P-256, and of an Ed25519 key. */
const POINT_BYTES = 32

const EXACT = `expected exactly ${POINT_BYTES} bytes`

/**
 * The y coordinates of the eight points of small order of Ed25519, little endian in hex, without the sign of
 * x: under such a key anybody can make signatures. y = 0, 1, p - 1 and the two of order 8.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/** p - 2^255 + 19 = 0: the smallest y that is no longer below p, as the first byte of one. */
const FIRST_BYTE_OF_P = 0xed

const ed25519Problem = (x: Uint8Array): string | undefined => {
  if (x.length !== POINT_BYTES) return EXACT
  const y = x.slice()
  y[31] = (y[31] as number) & 0x7f
  const hex = toHex(y)
  if (SMALL_ORDER.has(hex)) return 'weak: a point of small order, under which anybody can sign'
  const isAboveP = hex.slice(2) === `${'ff'.repeat(30)}7f` && (y[0] as number) >= FIRST_BYTE_OF_P
  return isAboveP ? 'not canonical: its y coordinate is not below the prime' : undefined
}

const modulusProblem = (n: Uint8Array): string | undefined => {
  const [top = 0] = n
  if (top === 0) return 'its modulus has a leading zero byte; leave it out'
  if (n.length * 8 - (Math.clz32(top) - 24) < MIN_MODULUS_BITS) {
    return `weak: below ${MIN_MODULUS_BITS} bits`
  }
  return ((n.at(-1) as number) & 1) === 0 ? 'weak: its modulus is even' : undefined
}

/**
 * What is wrong with the members of a public key; `undefined` if nothing is.
 * @param jwk its members are base64url
 */
export const weakness = ({ kty, x, y, n }: JWK): string | undefined => {
  const bytes = (text: string | undefined): Uint8Array =>
    fromBase64Url(text ?? '') ?? new Uint8Array()
  if (kty === 'RSA') return modulusProblem(bytes(n))
  if (kty === 'OKP') return ed25519Problem(bytes(x))
  return [x, y].every((text) => bytes(text).length === POINT_BYTES) ? undefined : EXACT
}
