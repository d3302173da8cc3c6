// Distinguished names: text in three types, kept as bytes.

import { describe, expect, it } from 'vitest'
import { TAG, derReader } from '../../../src/codec/der.ts'
import { readName } from '../../../src/codec/name.ts'
import {
  type DerNode,
  encodeDer,
  integer,
  objectIdentifier,
  primitive,
  sequence,
  setOf,
} from '../../support/der-tree.ts'
import { refusedAs } from '../../support/refusals.ts'

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8')
const value = (tag: number, contents: Uint8Array): DerNode =>
  sequence(objectIdentifier('2.5.4.3'), primitive(tag, contents))
const nameOf = (...attributes: DerNode[]): DerNode =>
  sequence(...attributes.map((attribute) => setOf(attribute)))

const ASCII = bytesOf('Unknown')
const LATIN_1 = Uint8Array.of(0x63, 0xe9)

describe('readName()', () => {
  it.each([
    ['of no parts', sequence()],
    ['with a UTF8String', nameOf(value(TAG.utf8String, bytesOf('é漢🙂')))],
    ['with a PrintableString', nameOf(value(TAG.printableString, ASCII))],
    ['with an IA5String', nameOf(value(TAG.ia5String, ASCII))],
    ['with an empty text', nameOf(value(TAG.utf8String, new Uint8Array()))],
    ['with the highest ASCII character', nameOf(value(TAG.ia5String, Uint8Array.of(0x7f)))],
    ['of two parts', nameOf(value(TAG.utf8String, ASCII), value(TAG.ia5String, ASCII))],
    [
      'with two attributes in one part',
      sequence(setOf(value(TAG.ia5String, ASCII), value(TAG.utf8String, ASCII))),
    ],
  ])('gives all bytes of a name %s, as a view', (_, node) => {
    const name = encodeDer(node)
    const bytes = Uint8Array.of(...name, 0x05, 0x00)
    const reader = derReader(bytes)
    const read = readName(reader)
    expect([...read]).toEqual([...name])
    expect(read.buffer).toBe(bytes.buffer)
    expect(reader.offset).toBe(name.length)
  })

  it.each([
    ['a BMPString', nameOf(value(0x1e, ASCII))],
    ['a TeletexString', nameOf(value(0x14, ASCII))],
    ['an INTEGER', nameOf(sequence(objectIdentifier('2.5.4.3'), integer(1)))],
    ['no value', nameOf(sequence(objectIdentifier('2.5.4.3')))],
  ])('refuses a value that is %s', (_, node) => {
    const refusal = refusedAs('malformed_der', 'a name with a value that is not text')
    expect(() => readName(derReader(encodeDer(node)))).toThrow(refusal)
  })

  it.each([
    ['a PrintableString with a byte above 127', value(TAG.printableString, LATIN_1)],
    ['an IA5String with UTF-8', value(TAG.ia5String, bytesOf('é'))],
    ['a UTF8String that is not UTF-8', value(TAG.utf8String, LATIN_1)],
  ])('refuses %s', (_, attribute) => {
    const refusal = refusedAs('malformed_der', 'a name with broken text')
    expect(() => readName(derReader(encodeDer(nameOf(attribute))))).toThrow(refusal)
  })

  it.each([
    ['nothing', new Uint8Array()],
    ['a SET', encodeDer(setOf())],
    ['a part that is a SEQUENCE', encodeDer(sequence(sequence()))],
    ['a part without an attribute', encodeDer(sequence(setOf()))],
    ['an attribute without a type', encodeDer(nameOf(sequence()))],
    ['a type that is not in its shortest form', encodeDer(nameOf(sequence(longOid())))],
    [
      'something behind the value of an attribute',
      encodeDer(nameOf(sequence(objectIdentifier('2.5.4.3'), primitive(0x16, ASCII), integer(1)))),
    ],
  ])('refuses %s', (_, bytes) => {
    expect(() => readName(derReader(bytes))).toThrow(refusedAs('malformed_der'))
  })
})

function longOid(): DerNode {
  return primitive(0x06, Uint8Array.of(0x55, 0x80, 0x04))
}
