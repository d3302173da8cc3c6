// Steps over DER that is not interpreted, such as attribute values, and rejects what is not strict DER.
// No I/O.

import type { InstanceIdentityError } from '../base/errors.ts'
import { type DerReader, TAG, atEnd, errorAt, readInside, readInteger, readOid } from './der.ts'

/** How deep elements may nest; the evidence of ECS needs 8. */
const MAX_DEPTH = 16

const malformed = (reader: DerReader, at: number, message: string): InstanceIdentityError =>
  errorAt(reader, at, 'malformed_der', message)

const CONSTRUCTED = 0x20
const UNIVERSAL_LIMIT = 0x40

/** Primitive universal types whose contents have rules of their own. */
const checkPrimitive = (reader: DerReader, tag: number): void => {
  if (tag === TAG.integer) {
    readInteger(reader)
    return
  }
  if (tag === TAG.oid) {
    readOid(reader)
    return
  }
  const at = reader.offset
  const inside = readInside(reader, tag)
  const length = inside.end - inside.offset
  if (tag === TAG.null && length !== 0) throw malformed(reader, at, 'a NULL with contents')
  if (tag === TAG.boolean) {
    const value = inside.bytes[inside.offset]
    if (length !== 1 || (value !== 0x00 && value !== 0xff)) {
      throw malformed(reader, at, 'a BOOLEAN with an invalid value')
    }
  }
  if (tag === TAG.bitString) {
    const unused = inside.bytes[inside.offset]
    if (length === 0 || unused === undefined || unused > 7 || (length === 1 && unused !== 0)) {
      throw malformed(reader, at, 'a BIT STRING with wrong unused bits')
    }
  }
}

/**
 * Steps over one element of any type and everything inside it.
 * @throws InstanceIdentityError `malformed_der`
 */
export const skipWellFormed = (reader: DerReader, depth = 0): void => {
  const at = reader.offset
  if (atEnd(reader)) throw malformed(reader, at, 'an element is missing')
  if (depth > MAX_DEPTH) throw malformed(reader, at, 'nested too deep')
  const tag = reader.bytes[at] as number
  if (tag === 0) throw malformed(reader, at, 'an end-of-contents mark')
  if ((tag & 0x1f) === 0x1f) throw malformed(reader, at, 'a high tag number')
  if ((tag & CONSTRUCTED) === 0) {
    if (tag === (TAG.sequence ^ CONSTRUCTED) || tag === (TAG.set ^ CONSTRUCTED)) {
      throw malformed(reader, at, 'a primitive SEQUENCE or SET')
    }
    checkPrimitive(reader, tag)
    return
  }
  // Of the universal types that occur here, DER constructs only SEQUENCE and SET. A constructed OCTET
  // STRING is BER, and a known way to hide bytes from one of two parsers.
  if (tag < UNIVERSAL_LIMIT && tag !== TAG.sequence && tag !== TAG.set) {
    throw malformed(reader, at, 'a constructed string')
  }
  const inside = readInside(reader, tag)
  while (!atEnd(inside)) skipWellFormed(inside, depth + 1)
}
