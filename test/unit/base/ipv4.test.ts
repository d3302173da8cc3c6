// IPv4 addresses and blocks: one text for one address, and the addresses that a vSwitch keeps for itself.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  contains,
  containsBlock,
  formatIpv4,
  gatewayOf,
  isUsable,
  netmaskOf,
  parseCidr,
  parseIpv4,
  usableAddress,
  usableCount,
} from '../../../src/base/ipv4.ts'

const block = (text: string) => {
  const parsed = parseCidr(text)
  if (parsed === undefined) throw new Error(`not a block: ${text}`)
  return parsed
}
const address = (text: string): number => parseIpv4(text) ?? Number.NaN

describe('parseIpv4()', () => {
  it.each([
    ['0.0.0.0', 0],
    ['0.0.0.1', 1],
    ['10.1.2.3', 0x0a010203],
    ['127.255.255.255', 0x7fffffff],
    ['128.0.0.0', 0x80000000],
    ['255.255.255.255', 0xffffffff],
  ])('reads %s', (text, number) => {
    expect(parseIpv4(text)).toBe(number)
    expect(formatIpv4(number)).toBe(text)
  })

  it.each([
    '',
    '.',
    '...',
    '10.0.0',
    '10.0.0.0.0',
    '10.0.0.256',
    '10.0.0.1000',
    '10.0.0.01',
    '010.0.0.1',
    '10.0.0.-1',
    '10.0.0.+1',
    '10.0.0.1 ',
    '10.0.0.1\n',
    '0x0a.0.0.1',
    '10.0.0.1/32',
    '::1',
    '٣.0.0.1',
  ])('refuses %j', (text) => {
    expect(parseIpv4(text)).toBeUndefined()
  })

  it('is undone by formatIpv4(), for every address', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (number) => {
        expect(parseIpv4(formatIpv4(number))).toBe(number)
      }),
    )
  })
})

describe('parseCidr()', () => {
  it.each([
    ['0.0.0.0/0', 0, 0],
    ['128.0.0.0/1', 0x80000000, 1],
    ['10.1.0.0/16', 0x0a010000, 16],
    ['10.1.2.252/30', 0x0a0102fc, 30],
    ['255.255.255.255/32', 0xffffffff, 32],
  ])('reads %s', (text, base, prefix) => {
    expect(parseCidr(text)).toEqual({ base, prefix })
  })

  it.each([
    ['an address inside of the block', '10.1.0.1/16'],
    ['an address one block size off', '10.1.2.254/30'],
    ['a prefix of 33', '10.0.0.0/33'],
    ['a prefix with a zero before it', '10.0.0.0/08'],
    ['an empty prefix', '10.0.0.0/'],
    ['no prefix', '10.0.0.0'],
    ['a netmask', '10.0.0.0/255.0.0.0'],
    ['two prefixes', '10.0.0.0/8/8'],
    ['a negative prefix', '10.0.0.0/-8'],
    ['no address', '/8'],
    ['an address with three numbers', '10.0.0/8'],
  ])('refuses %s: %s', (_, text) => {
    expect(parseCidr(text)).toBeUndefined()
  })
})

describe('contains()', () => {
  it.each([
    ['10.1.0.0/16', '10.0.255.255', false],
    ['10.1.0.0/16', '10.1.0.0', true],
    ['10.1.0.0/16', '10.1.255.255', true],
    ['10.1.0.0/16', '10.2.0.0', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['10.0.0.1/32', '10.0.0.1', true],
    ['10.0.0.1/32', '10.0.0.2', false],
  ])('says whether %s has %s: %j', (outer, inner, expected) => {
    expect(contains(block(outer), address(inner))).toBe(expected)
  })
})

describe('containsBlock()', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8', true],
    ['10.0.0.0/8', '10.255.0.0/16', true],
    ['10.0.0.0/8', '11.0.0.0/16', false],
    ['10.0.0.0/16', '10.0.0.0/8', false],
    ['0.0.0.0/0', '255.255.255.255/32', true],
  ])('says whether %s has %s: %j', (outer, inner, expected) => {
    expect(containsBlock(block(outer), block(inner))).toBe(expected)
  })
})

describe('a vSwitch', () => {
  const vSwitch = block('192.168.10.0/24')

  it('keeps its first and its last three addresses', () => {
    expect(usableCount(vSwitch)).toBe(252)
    expect(formatIpv4(usableAddress(vSwitch, 0))).toBe('192.168.10.1')
    expect(formatIpv4(usableAddress(vSwitch, usableCount(vSwitch) - 1))).toBe('192.168.10.252')
  })

  it.each([
    ['192.168.9.255', false],
    ['192.168.10.0', false],
    ['192.168.10.1', true],
    ['192.168.10.252', true],
    ['192.168.10.253', false],
    ['192.168.10.255', false],
    ['192.168.11.0', false],
  ])('says whether an instance can have %s: %j', (text, expected) => {
    expect(isUsable(vSwitch, address(text))).toBe(expected)
  })

  it.each([
    ['192.168.10.0/24', '192.168.10.253', '255.255.255.0'],
    ['10.0.0.0/16', '10.0.255.253', '255.255.0.0'],
    ['172.16.0.16/29', '172.16.0.21', '255.255.255.248'],
  ])('of %s has the gateway %s and the netmask %s', (text, gateway, netmask) => {
    expect(formatIpv4(gatewayOf(block(text)))).toBe(gateway)
    expect(formatIpv4(netmaskOf(block(text)))).toBe(netmask)
  })
})
