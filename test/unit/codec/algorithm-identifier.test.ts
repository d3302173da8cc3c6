// AlgorithmIdentifier: parameters are NULL or absent, and every other one is refused.

import { describe, expect, it } from 'vitest'
import { readAlgorithmIdentifier } from '../../../src/codec/algorithm-identifier.ts'
import { atEnd, derReader, oid } from '../../../src/codec/der.ts'
import {
  type DerNode,
  encodeDer,
  integer,
  nullNode,
  objectIdentifier,
  octets,
  primitive,
  sequence,
  setOf,
} from '../../support/der-tree.ts'
import { refusedAs } from '../../support/refusals.ts'

const SHA256 = '2.16.840.1.101.3.4.2.1'
const id = (): DerNode => objectIdentifier(SHA256)

describe('readAlgorithmIdentifier()', () => {
  it.each([
    ['with NULL', sequence(id(), nullNode())],
    ['without parameters', sequence(id())],
  ])('gives the object identifier of one %s, and reads no further', (_, node) => {
    const bytes = encodeDer(node)
    const reader = derReader(Uint8Array.of(...bytes, 0x05, 0x00))
    expect(readAlgorithmIdentifier(reader)).toBe(oid(SHA256))
    expect(reader.offset).toBe(bytes.length)
    expect(atEnd(reader)).toBe(false)
  })

  it.each([
    ['an empty SEQUENCE, as PSS has', sequence(id(), sequence())],
    ['a curve, as elliptic keys have', sequence(id(), objectIdentifier('1.2.840.10045.3.1.7'))],
    ['an OCTET STRING', sequence(id(), octets(new Uint8Array(2)))],
    ['a NULL with contents', sequence(id(), primitive(0x05, Uint8Array.of(0)))],
    ['two NULLs', sequence(id(), nullNode(), nullNode())],
    ['something behind the NULL', sequence(id(), nullNode(), integer(1))],
  ])('refuses parameters that are %s', (_, node) => {
    expect(() => readAlgorithmIdentifier(derReader(encodeDer(node)))).toThrow(
      refusedAs('unsupported_algorithm', 'algorithm parameters other than NULL or none'),
    )
  })

  it.each([
    ['nothing', new Uint8Array()],
    ['a SET', encodeDer(setOf(id()))],
    ['an empty SEQUENCE', encodeDer(sequence())],
    ['parameters without an identifier', encodeDer(sequence(nullNode()))],
    ['an identifier without contents', encodeDer(sequence(primitive(0x06, new Uint8Array())))],
    ['parameters that are cut off', Uint8Array.of(0x30, 0x04, 0x06, 0x01, 0x2a, 0x05)],
  ])('refuses %s', (_, bytes) => {
    expect(() => readAlgorithmIdentifier(derReader(bytes))).toThrow(refusedAs('malformed_der'))
  })
})
