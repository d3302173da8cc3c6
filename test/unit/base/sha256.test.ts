// SHA-256 against the examples of FIPS 180-4 and against node:crypto.

import * as fc from 'fast-check'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/sha256.ts'

const byNode = (message: Uint8Array): string => createHash('sha256').update(message).digest('hex')

describe('sha256()', () => {
  it.each([
    ['the empty message', '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    [
      'one block (FIPS 180-4, "abc")',
      'abc',
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    ],
    [
      'two blocks (FIPS 180-4, 448 bits)',
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
    [
      'a million times "a"',
      'a'.repeat(1_000_000),
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    ],
  ])('gives the published digest of %s', (_, message, digest) => {
    expect(toHex(sha256(utf8(message)))).toBe(digest)
  })

  it('gives the digest of node:crypto for every length up to three blocks', () => {
    // Padding takes one more block from 56 bytes on (mod 64), and the length field starts there.
    for (let length = 0; length <= 192; length++) {
      const message = Uint8Array.from({ length }, (_, at) => (at * 31 + length) & 0xff)
      expect(toHex(sha256(message)), `${length} bytes`).toBe(byNode(message))
    }
  })

  it('gives the digest of node:crypto for any bytes, and leaves them as they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (message) => {
        const before = Uint8Array.from(message)
        expect(toHex(sha256(message))).toBe(byNode(message))
        expect(message).toEqual(before)
      }),
      { numRuns: 500 },
    )
  })

  it('hashes the view that it is given, not the buffer behind it', () => {
    const view = utf8('xabcx').subarray(1, 4)
    expect(toHex(sha256(view))).toBe(byNode(utf8('abc')))
  })
})
