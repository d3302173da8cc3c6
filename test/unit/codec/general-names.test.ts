// The names of subjectAltName: each kind, and values that are no list of names.

import { describe, expect, it } from 'vitest'
import { readGeneralNames } from '../../../src/codec/general-names.ts'
import {
  addressName,
  dnsName,
  emailName,
  otherName,
  uriName,
} from '../../support/certificate-requests.ts'
import { type DerNode, encodeDer, primitive, sequence, setOf } from '../../support/der-tree.ts'
import { refusedAs } from '../../support/refusals.ts'

const read = (...names: DerNode[]) => readGeneralNames(encodeDer(sequence(...names)))

describe('readGeneralNames()', () => {
  it('reads DNS names and addresses in order, and the kinds of others', () => {
    const names = read(
      dnsName('A.example'),
      addressName(10, 0, 0, 1),
      emailName('a@b'),
      dnsName('*.b'),
      addressName(...Array.from({ length: 16 }, (_, at) => at)),
      uriName('a:b'),
      otherName(),
    )
    expect(names.dnsNames).toEqual(['A.example', '*.b'])
    expect(names.addresses.map((bytes) => bytes.join('.'))).toEqual([
      '10.0.0.1',
      '0.1.2.3.4.5.6.7.8.9.10.11.12.13.14.15',
    ])
    expect(names.others).toEqual(['email', 'URI', 'other name'])
  })

  it.each<[string, DerNode]>([
    ['an empty list', sequence()],
    ['a set', setOf(dnsName('a'))],
    ['an empty DNS name', sequence(dnsName(''))],
    ['a DNS name with a space', sequence(dnsName('a b'))],
    ['a DNS name with NUL', sequence(dnsName('a\0b'))],
    ['a DNS name that is not ASCII', sequence(dnsName('é'))],
    ['an address of 3 bytes', sequence(addressName(1, 2, 3))],
    ['an address with a mask', sequence(addressName(10, 0, 0, 0, 255, 0, 0, 0))],
    ['an element with tag 0', sequence(primitive(0, Uint8Array.of()))],
  ])('refuses %s', (_, node) => {
    expect(() => readGeneralNames(encodeDer(node))).toThrow(refusedAs('malformed_der'))
  })

  it('refuses bytes after the list', () => {
    const value = Uint8Array.of(...encodeDer(sequence(dnsName('a'))), 0)
    expect(() => readGeneralNames(value)).toThrow(refusedAs('malformed_der'))
  })
})
