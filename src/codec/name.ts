// A distinguished name (RFC 5280 section 4.1.2.4), checked and kept as bytes. In the official certificate
// each part of the name is `Unknown`, even the country, which should have two letters. So the values are not
// used. No I/O.

import { fromUtf8 } from '../base/bytes.ts'
import { type DerReader, TAG, atEnd, errorAt, expectEnd, readInside, skipOid } from './der.ts'

const isAscii = ({ bytes, offset, end }: DerReader): boolean => {
  let all = 0
  for (let i = offset; i < end; i++) all |= bytes[i] as number
  return all < 0x80
}

const isUtf8 = ({ bytes, offset, end }: DerReader): boolean =>
  fromUtf8(bytes.subarray(offset, end)) !== undefined

const checkText = (value: DerReader): void => {
  const at = value.offset
  const tag = atEnd(value) ? 0 : (value.bytes[at] as number)
  if (tag !== TAG.utf8String && tag !== TAG.printableString && tag !== TAG.ia5String) {
    throw errorAt(value, at, 'malformed_der', 'a name with a value that is not text')
  }
  const text = readInside(value, tag)
  if (!isAscii(text) && !(tag === TAG.utf8String && isUtf8(text))) {
    throw errorAt(value, at, 'malformed_der', 'a name with broken text')
  }
}

/**
 * Reads a Name and gives all of its bytes, tag and length included.
 * @throws InstanceIdentityError `malformed_der`
 */
export const readName = (reader: DerReader): Uint8Array => {
  const start = reader.offset
  const parts = readInside(reader, TAG.sequence)
  while (!atEnd(parts)) {
    const part = readInside(parts, TAG.set)
    do {
      const attribute = readInside(part, TAG.sequence)
      skipOid(attribute)
      checkText(attribute)
      expectEnd(attribute)
    } while (!atEnd(part))
  }
  return reader.bytes.subarray(start, reader.offset)
}
