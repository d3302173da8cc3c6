// Signed attributes: in DER order, each once, contentType and messageDigest there with one value each.

import { describe, expect, it } from 'vitest'
import { derReader, oid } from '../../../src/codec/der.ts'
import { readSignedAttributes } from '../../../src/codec/signed-attributes.ts'
import {
  type DerNode,
  der,
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
import { OID, attribute } from '../../support/test-cloud.ts'

const DIGEST = Uint8Array.from({ length: 20 }, (_, at) => at)
const type = (): DerNode => attribute(OID.contentType, objectIdentifier(OID.data))
const digest = (): DerNode => attribute(OID.messageDigest, octets(DIGEST))
const time = (): DerNode => attribute(OID.signingTime, primitive(0x17, Buffer.from('230101')))

const sorted = (...attributes: DerNode[]): DerNode[] =>
  attributes.toSorted((a, b) => Buffer.compare(encodeDer(a), encodeDer(b)))
const encode = (...attributes: DerNode[]): Uint8Array => encodeDer(der(0xa0, ...attributes))
const read = (bytes: Uint8Array) => readSignedAttributes(derReader(bytes))

describe('readSignedAttributes()', () => {
  it('gives both values, and all bytes as they stand', () => {
    const bytes = encode(...sorted(type(), digest()))
    const reader = derReader(Uint8Array.of(...bytes, 0x30))
    const attributes = readSignedAttributes(reader)
    expect(attributes.contentType).toBe(oid(OID.data))
    expect([...attributes.messageDigest]).toEqual([...DIGEST])
    expect([...attributes.encoded]).toEqual([...bytes])
    expect(reader.offset).toBe(bytes.length)
  })

  it.each([
    ['one more attribute', [time()]],
    ['an attribute with several values', [attribute('1.2.3.4', integer(1), nullNode())]],
    ['an attribute with a nested value', [attribute('1.2.3.4', sequence(setOf(integer(1))))]],
  ])('steps over %s', (_, more) => {
    const bytes = encode(...sorted(type(), digest(), ...more))
    expect(read(bytes)).toMatchObject({ contentType: oid(OID.data) })
  })

  it.each<[string, readonly DerNode[], string]>([
    ['in the other order', sorted(type(), digest()).toReversed(), 'not in DER order'],
    // Equal members don't sort before each other, so the order refuses them first.
    ['with one twice, byte for byte', sorted(type(), digest(), digest()), 'not in DER order'],
    [
      'with one twice, of other values',
      sorted(type(), digest(), attribute(OID.messageDigest, octets(new Uint8Array(20)))),
      'that occurs twice',
    ],
    [
      'with an unknown one twice',
      sorted(type(), digest(), attribute('1.2.3', integer(1)), attribute('1.2.3', integer(2))),
      'that occurs twice',
    ],
    ['with one of no value', sorted(type(), digest(), attribute('1.2.3')), 'without a value'],
    ['without contentType', [digest()], 'no contentType among'],
    ['without messageDigest', [type()], 'no messageDigest among'],
    ['of none', [], 'no contentType among'],
    [
      'with two digests in one attribute',
      sorted(type(), attribute(OID.messageDigest, octets(DIGEST), octets(DIGEST))),
      'with more than one value',
    ],
    [
      'with two content types in one attribute',
      sorted(
        digest(),
        attribute(OID.contentType, objectIdentifier(OID.data), objectIdentifier(OID.data)),
      ),
      'with more than one value',
    ],
    [
      'with a digest that is a BIT STRING',
      sorted(type(), attribute(OID.messageDigest, primitive(0x03, Uint8Array.of(0, 1)))),
      'with a value of another type',
    ],
    [
      'with a content type that is text',
      sorted(digest(), attribute(OID.contentType, octets(DIGEST))),
      'with a value of another type',
    ],
  ])('refuses attributes %s', (_, attributes, message) => {
    const bytes = encode(...attributes)
    expect(() => read(bytes)).toThrow(refusedAs('signed_attributes_invalid'))
    expect(() => read(bytes)).toThrow(message)
  })

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['a SET in place of [0]', encodeDer(setOf(...sorted(type(), digest())))],
    ['a member that is a SET', encode(setOf(objectIdentifier('1.2.3'), setOf(integer(1))))],
    ['an attribute without values', encode(sequence(objectIdentifier('1.2.3')))],
    [
      'values in a SEQUENCE',
      encode(sequence(objectIdentifier(OID.contentType), sequence(integer(1)))),
    ],
    [
      'something behind the values',
      encode(sequence(objectIdentifier('1.2.3'), setOf(integer(1)), nullNode())),
    ],
    ['a value that is not DER', encode(attribute('1.2.3', primitive(0x05, Uint8Array.of(0))))],
    ['a value that is nested without end', encode(attribute('1.2.3', nested(40)))],
  ])('refuses %s', (_, bytes) => {
    expect(() => read(bytes)).toThrow(refusedAs('malformed_der'))
  })
})

function nested(levels: number): DerNode {
  let node = nullNode()
  for (let level = 0; level < levels; level++) node = sequence(node)
  return node
}
