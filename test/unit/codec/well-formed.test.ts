// DER that nobody interprets: stepped over element by element, and refused where it is not DER.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atEnd, derReader } from '../../../src/codec/der.ts'
import { skipWellFormed } from '../../../src/codec/well-formed.ts'
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

const of = (tag: number, ...contents: number[]): DerNode =>
  primitive(tag, Uint8Array.from(contents))

/** An element inside this many SEQUENCEs. */
const nested = (levels: number): DerNode => {
  let node = nullNode()
  for (let level = 0; level < levels; level++) node = sequence(node)
  return node
}

describe('skipWellFormed()', () => {
  it.each([
    ['NULL', nullNode()],
    ['TRUE', of(0x01, 0xff)],
    ['FALSE', of(0x01, 0x00)],
    ['INTEGER', integer(0, 0x80)],
    ['OBJECT IDENTIFIER', objectIdentifier('1.2.840.113549')],
    ['OCTET STRING', octets(Uint8Array.of(1, 2))],
    ['an empty OCTET STRING', octets(new Uint8Array())],
    ['an empty BIT STRING', of(0x03, 0x00)],
    ['a BIT STRING with 7 unused bits', of(0x03, 0x07, 0x80)],
    ['UTF8String', of(0x0c, 0x61)],
    ['a primitive element of a context', of(0x80, 1, 2, 3)],
    ['a constructed element of a context', der(0xa3, integer(1))],
    ['a SEQUENCE of a SET', sequence(setOf(nullNode()), integer(1))],
    ['16 levels', nested(16)],
  ])('steps over %s', (_, node) => {
    const bytes = encodeDer(node)
    const reader = derReader(Uint8Array.of(...bytes, 0x05, 0x00))
    skipWellFormed(reader)
    expect(reader.offset).toBe(bytes.length)
  })

  it.each([
    ['no element', undefined, 'an element is missing'],
    ['17 levels', nested(17), 'nested too deep'],
    ['1,000 levels', nested(1000), 'nested too deep'],
    ['an end-of-contents mark', of(0x00), 'an end-of-contents mark'],
    ['a high tag number', of(0x1f, 1), 'a high tag number'],
    ['a high tag number of a context', of(0x9f, 1), 'a high tag number'],
    ['a primitive SEQUENCE', of(0x10, 1), 'a primitive SEQUENCE or SET'],
    ['a primitive SET', of(0x11), 'a primitive SEQUENCE or SET'],
    ['a constructed OCTET STRING', der(0x24, octets(new Uint8Array(1))), 'a constructed string'],
    ['a constructed UTF8String', der(0x2c), 'a constructed string'],
    ['a constructed INTEGER', der(0x22), 'a constructed string'],
    ['a NULL with contents', of(0x05, 0), 'a NULL with contents'],
    ['a BOOLEAN of 1', of(0x01, 0x01), 'a BOOLEAN with an invalid value'],
    ['a BOOLEAN of two bytes', of(0x01, 0xff, 0xff), 'a BOOLEAN with an invalid value'],
    ['a BOOLEAN without contents', of(0x01), 'a BOOLEAN with an invalid value'],
    ['a BIT STRING without contents', of(0x03), 'a BIT STRING with wrong unused bits'],
    ['a BIT STRING with 8 unused bits', of(0x03, 8, 0), 'a BIT STRING with wrong unused bits'],
    ['an empty BIT STRING with unused bits', of(0x03, 1), 'a BIT STRING with wrong unused bits'],
    ['an INTEGER without contents', integer(), 'an INTEGER without contents'],
    ['a longer INTEGER than needed', integer(0, 1), 'an INTEGER not in its shortest form'],
    ['an OBJECT IDENTIFIER of nothing', of(0x06), 'an OBJECT IDENTIFIER without contents'],
  ])('refuses %s, also far inside', (_, node, message) => {
    const bytes = node === undefined ? new Uint8Array() : encodeDer(node)
    const refusal = refusedAs('malformed_der', message)
    expect(() => skipWellFormed(derReader(bytes))).toThrow(refusal)
    if (node === undefined) return
    const inside = encodeDer(sequence(nullNode(), setOf(der(0xa0, node))))
    expect(() => skipWellFormed(derReader(inside))).toThrow(refusal)
  })

  it('steps over any tree of DER to its last byte, and refuses all that is cut off', () => {
    const leaf = fc.oneof(
      fc.uint8Array({ maxLength: 8 }).map(octets),
      fc.integer({ min: 0, max: 127 }).map((value) => integer(value)),
      fc.constantFrom(nullNode(), objectIdentifier('2.5.4.3')),
    )
    const { tree } = fc.letrec<{ tree: DerNode }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6, withCrossShrink: true },
        leaf,
        fc.array(tie('tree'), { maxLength: 4 }).map((children) => sequence(...children)),
        fc.array(tie('tree'), { maxLength: 4 }).map((children) => der(0xa1, ...children)),
      ),
    }))
    fc.assert(
      fc.property(tree, (node) => {
        const bytes = encodeDer(node)
        const reader = derReader(bytes)
        skipWellFormed(reader)
        expect(atEnd(reader)).toBe(true)
        const cut = derReader(bytes.subarray(0, -1))
        expect(() => skipWellFormed(cut)).toThrow(refusedAs('malformed_der'))
      }),
      { numRuns: 500 },
    )
  })
})
