// One text for one address.

import { isIP } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressText, canonicalAddress } from '../../../../src/admit/kubernetes/addresses.ts'
import { mapped } from '../../../support/certificate-requests.ts'

describe('canonicalAddress()', () => {
  it.each([
    ['10.0.0.5', '10.0.0.5'],
    ['::ffff:10.0.0.5', '10.0.0.5'],
    ['::FFFF:a00:5', '10.0.0.5'],
    ['0:0:0:0:0:ffff:0a00:0005', '10.0.0.5'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::1', '::1'],
    ['10.0.0.05', undefined],
    ['10.0.5', undefined],
    ['node-1', undefined],
    ['', undefined],
    ['fe80::1%eth0', undefined],
    ['::1]@[::1', undefined],
  ])('brings %s to %s', (text, address) => {
    expect(canonicalAddress(text)).toBe(address)
  })

  it('gives an address for each that Node takes, and changes no result again', () => {
    const property = fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()), (text) => {
      const address = canonicalAddress(text)
      expect(address === undefined).toBe(isIP(text) === 0)
      if (address !== undefined) expect(canonicalAddress(address)).toBe(address)
    })
    fc.assert(property, { seed: 20_261_127, numRuns: 1000 })
  })
})

describe('addressText()', () => {
  it.each([
    [[10, 0, 0, 5], '10.0.0.5'],
    [mapped(10, 0, 0, 5), '::ffff:a00:5'],
    [[0x20, 1, 0xd, 0xb8, ...Array.from({ length: 11 }, () => 0), 1], '2001:db8::1'],
  ])('writes %j as %s', (bytes, text) => {
    expect(addressText(Uint8Array.from(bytes))).toBe(text)
  })
})
