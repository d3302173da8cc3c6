// SHA-256 (FIPS 180-4), synchronous. The digest of each piece of evidence is needed beside its
// signature check; a second call into `crypto.subtle` for these 400 bytes costs 20 µs, 40% of the
// whole verification; this costs about 3. It names content for the
// memory of what was seen; nothing secret goes in, and no signature rests on it.

import type { Bytes } from './bytes.ts'

const PRIMES = /* @__PURE__ */ (() => {
  const primes: number[] = []
  for (let n = 2; primes.length < 64; n++)
    if (primes.every((prime) => n % prime > 0)) primes.push(n)
  return primes
})()

/** The first 32 bits of a fractional part, of which a double has 50: FIPS 180-4 has them as a table. */
const fraction = (root: number): number => (root % 1) * 2 ** 32

/** Section 4.2.2: of the cube roots of the first 64 primes. */
const K = /* @__PURE__ */ Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)))

/** Section 5.3.3: of the square roots of the first eight primes. */
const INITIAL = /* @__PURE__ */ Int32Array.from(PRIMES.slice(0, 8), (prime) =>
  fraction(Math.sqrt(prime)),
)

const rotate = (x: number, by: number): number => (x >>> by) | (x << (32 - by))

const compress = (state: Int32Array, w: Int32Array): void => {
  for (let t = 16; t < 64; t++) {
    const w15 = w[t - 15] as number
    const w2 = w[t - 2] as number
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3)
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10)
    w[t] = (w[t - 16] as number) + s0 + (w[t - 7] as number) + s1
  }
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  let e = state[4] as number
  let f = state[5] as number
  let g = state[6] as number
  let h = state[7] as number
  for (let t = 0; t < 64; t++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[t] as number) + (w[t] as number)) | 0
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  state[0] = (state[0] as number) + a
  state[1] = (state[1] as number) + b
  state[2] = (state[2] as number) + c
  state[3] = (state[3] as number) + d
  state[4] = (state[4] as number) + e
  state[5] = (state[5] as number) + f
  state[6] = (state[6] as number) + g
  state[7] = (state[7] as number) + h
}

/**
 * The SHA-256 digest of `message` (at most 2^29 bytes), 32 bytes.
 * Source: FIPS 180-4, sections 5 and 6.2.
 */
export const sha256 = (message: Uint8Array): Bytes => {
  const padded = new Uint8Array(((message.length + 8) >> 6) * 64 + 64)
  padded.set(message)
  padded[message.length] = 0x80
  const words = new DataView(padded.buffer)
  words.setUint32(padded.length - 4, message.length * 8)

  const state = Int32Array.from(INITIAL)
  const w = new Int32Array(64)
  for (let block = 0; block < padded.length; block += 64) {
    for (let t = 0; t < 16; t++) w[t] = words.getInt32(block + t * 4)
    compress(state, w)
  }
  const digest = new Uint8Array(32)
  const out = new DataView(digest.buffer)
  for (let i = 0; i < 8; i++) out.setInt32(i * 4, state[i] as number)
  return digest
}
