// Strict DER (ITU-T X.690) for the few structures that evidence and trust anchors are made of:
// one-byte tags, definite minimal lengths up to three length bytes, nothing left over. A reader
// is a cursor over the caller's bytes; it copies nothing, and names the tag that must come next.
// BER that is not DER is rejected. No I/O.

import { toHex } from '../base/bytes.ts'
import { InstanceIdentityError, type InstanceIdentityErrorCode } from '../base/errors.ts'

/** A cursor over a part of some DER bytes: `offset` is the next byte, `end` the first one after. */
export interface DerReader {
  readonly bytes: Uint8Array
  offset: number
  readonly end: number
}

/** Identifier octets by name: class, constructed bit and number together. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** Context-specific, constructed. */
  context0: 0xa0,
  context1: 0xa1,
  context3: 0xa3,
} as const

/**
 * The error for one place in what is read. Made on refusal only, so that successful reading costs nothing more.
 * @param at offset in `reader.bytes`; behind their end, the last byte is named
 */
export const errorAt = (
  { bytes }: DerReader,
  at: number,
  code: InstanceIdentityErrorCode,
  message: string,
): InstanceIdentityError =>
  new InstanceIdentityError(code, message, { offset: Math.max(0, Math.min(at, bytes.length - 1)) })

const malformed = (reader: DerReader, at: number, message: string): InstanceIdentityError =>
  errorAt(reader, at, 'malformed_der', message)

/** A reader over all of `bytes`. */
export const derReader = (bytes: Uint8Array): DerReader => ({ bytes, offset: 0, end: bytes.length })

/** A reader over a part of `whole`, of which `part` is a view, so that offsets count from its start. */
export const readerWithin = (whole: Uint8Array, part: Uint8Array): DerReader => {
  const offset = part.byteOffset - whole.byteOffset
  return { bytes: whole, offset, end: offset + part.length }
}

/** Whether everything was read. */
export const atEnd = (reader: DerReader): boolean => reader.offset === reader.end

/** Whether the next element has this tag. False at the end. */
export const nextIs = (reader: DerReader, tag: number): boolean =>
  reader.offset < reader.end && reader.bytes[reader.offset] === tag

/**
 * Checks that nothing is left to read.
 * @throws InstanceIdentityError `malformed_der`
 */
export const expectEnd = (reader: DerReader): void => {
  if (reader.offset !== reader.end) {
    throw malformed(reader, reader.offset, 'trailing bytes inside or after an element')
  }
}

/** Reads a length (X.690 section 10.1: definite, fewest octets) that fits before `reader.end`. */
const readLength = (reader: DerReader): number => {
  const { bytes, end, offset: at } = reader
  if (at >= end) throw malformed(reader, at - 1, 'truncated before a length')
  const first = bytes[reader.offset++] as number
  let length = first
  if (first >= 0x80) {
    const count = first & 0x7f
    if (count === 0) throw malformed(reader, at, 'indefinite length')
    if (count > 3) throw malformed(reader, at, 'length of more than three bytes')
    if (end - reader.offset < count) throw malformed(reader, at, 'truncated inside a length')
    length = 0
    for (let i = 0; i < count; i++) length = (length << 8) | (bytes[reader.offset++] as number)
    const smallest = count === 1 ? 0x80 : 1 << (8 * (count - 1))
    if (length < smallest) throw malformed(reader, at, 'length not in its shortest form')
  }
  if (length > end - reader.offset) throw malformed(reader, at, 'length beyond the end')
  return length
}

/** Steps over one element of the tag and returns the offset of its contents; it ends at `offset`. */
const skipElement = (reader: DerReader, tag: number): number => {
  const at = reader.offset
  if (at >= reader.end) throw malformed(reader, at, 'an element is missing')
  if (reader.bytes[at] !== tag) throw malformed(reader, at, 'not the expected tag')
  reader.offset++
  const length = readLength(reader)
  const start = reader.offset
  reader.offset += length
  return start
}

/**
 * Reads one element and gives a reader over its contents.
 * @param tag the identifier octet that must come next
 * @throws InstanceIdentityError `malformed_der`
 */
export const readInside = (reader: DerReader, tag: number): DerReader => {
  const start = skipElement(reader, tag)
  return { bytes: reader.bytes, offset: start, end: reader.offset }
}

/**
 * Reads one element and gives its contents, a view of the original bytes.
 * @throws InstanceIdentityError `malformed_der`
 */
export const readContents = (reader: DerReader, tag: number): Uint8Array => {
  const start = skipElement(reader, tag)
  return reader.bytes.subarray(start, reader.offset)
}

/**
 * Reads one element and gives all of it, tag and length included, a view of the original bytes.
 * @throws InstanceIdentityError `malformed_der`
 */
export const readWhole = (reader: DerReader, tag: number): Uint8Array => {
  const from = reader.offset
  skipElement(reader, tag)
  return reader.bytes.subarray(from, reader.offset)
}

/**
 * Reads an INTEGER and gives its two's complement contents, which must be minimal (section 8.3.2).
 * @throws InstanceIdentityError `malformed_der`
 */
export const readInteger = (reader: DerReader): Uint8Array => {
  const at = reader.offset
  const contents = readContents(reader, TAG.integer)
  const [first, second] = contents
  if (first === undefined) throw malformed(reader, at, 'an INTEGER without contents')
  if (second !== undefined) {
    if ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80)) {
      throw malformed(reader, at, 'an INTEGER not in its shortest form')
    }
  }
  return contents
}

/**
 * Reads an INTEGER that must not be negative, such as a serial number or a modulus.
 * @throws InstanceIdentityError `malformed_der`
 */
export const readUnsigned = (reader: DerReader): Uint8Array => {
  const at = reader.offset
  const contents = readInteger(reader)
  if ((contents[0] as number) >= 0x80) throw malformed(reader, at, 'a negative INTEGER')
  return contents
}

/**
 * Reads an INTEGER of one byte from 0 to 127, such as a version.
 * @throws InstanceIdentityError `malformed_der`, `unsupported_structure` if it is larger or negative
 */
export const readVersion = (reader: DerReader): number => {
  const at = reader.offset
  const contents = readInteger(reader)
  const value = contents[0] as number
  if (contents.length > 1 || value >= 0x80) {
    throw errorAt(reader, at, 'unsupported_structure', 'a version out of range')
  }
  return value
}

/**
 * Steps over an OBJECT IDENTIFIER (X.690 section 8.19: arcs in shortest form).
 * @returns a reader over its contents, all of them unread
 * @throws InstanceIdentityError `malformed_der`
 */
export const skipOid = (reader: DerReader): DerReader => {
  const at = reader.offset
  const inside = readInside(reader, TAG.oid)
  if (atEnd(inside)) throw malformed(reader, at, 'an OBJECT IDENTIFIER without contents')
  let arcStarts = true
  for (let i = inside.offset; i < inside.end; i++) {
    const byte = inside.bytes[i] as number
    if (arcStarts && byte === 0x80) {
      throw malformed(reader, at, 'an OBJECT IDENTIFIER not in shortest form')
    }
    arcStarts = byte < 0x80
  }
  if (!arcStarts) throw malformed(reader, at, 'an OBJECT IDENTIFIER that ends inside an arc')
  return inside
}

/**
 * Reads an OBJECT IDENTIFIER as the lower-case hex of its contents; compare it with {@link oid}.
 * @throws InstanceIdentityError `malformed_der`
 */
export const readOid = (reader: DerReader): string => {
  const { bytes, offset, end } = skipOid(reader)
  return toHex(bytes, offset, end)
}

/** The form of {@link readOid} for an identifier in dotted decimal; for constants. */
export const oid = (dotted: string): string => {
  // Arcs below 2.25 are UUIDs, integers of 128 bits (ITU-T X.667).
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt)
  const bytes: number[] = []
  for (const arc of [first * 40n + second, ...rest]) {
    const septets = [Number(arc & 0x7fn)]
    for (let left = arc >> 7n; left > 0n; left >>= 7n) septets.unshift(Number(left & 0x7fn) | 0x80)
    bytes.push(...septets)
  }
  return toHex(Uint8Array.from(bytes))
}

/**
 * Reads a BIT STRING of whole bytes, such as a key or a signature, and gives the bytes.
 * @throws InstanceIdentityError `malformed_der`
 */
export const readOctetAlignedBits = (reader: DerReader): Uint8Array => {
  const at = reader.offset
  const contents = readContents(reader, TAG.bitString)
  if (contents[0] !== 0) throw malformed(reader, at, 'a BIT STRING that is not of whole bytes')
  return contents.subarray(1)
}
