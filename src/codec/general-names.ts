// The names of a subjectAltName extension (RFC 5280 section 4.2.1.6): DNS names and addresses are read, of others only the
// kind. No I/O.

import { TAG, atEnd, derReader, errorAt, expectEnd, readContents, readInside } from './der.ts'
import { skipWellFormed } from './well-formed.ts'

/** The names that a certificate is valid for. */
export interface GeneralNames {
  /** As they are written: ASCII, upper and lower case, perhaps with a wildcard. */
  readonly dnsNames: readonly string[]
  /** 4 or 16 bytes each. */
  readonly addresses: readonly Uint8Array[]
  /** The kinds of all other names, in order. */
  readonly others: readonly OtherNameKind[]
}

/** A kind of name that is neither a DNS name nor an address. */
export type OtherNameKind = 'email' | 'URI' | 'other name'

const EMAIL = 0x81
const DNS = 0x82
const URI = 0x86
const ADDRESS = 0x87

const KINDS: Readonly<Record<number, OtherNameKind>> = { [EMAIL]: 'email', [URI]: 'URI' }

/** Printable ASCII, which is all that any of these names may have. */
const isText = (bytes: Uint8Array): boolean => bytes.every((byte) => byte > 0x20 && byte < 0x7f)

/**
 * Reads the value of a subjectAltName extension, all of it.
 * @throws InstanceIdentityError `malformed_der`
 */
export const readGeneralNames = (value: Uint8Array): GeneralNames => {
  const whole = derReader(value)
  skipWellFormed({ ...whole })
  const names = readInside(whole, TAG.sequence)
  expectEnd(whole)
  if (atEnd(names)) throw errorAt(names, 0, 'malformed_der', 'a subjectAltName without names')
  const dnsNames: string[] = []
  const addresses: Uint8Array[] = []
  const others: OtherNameKind[] = []
  while (!atEnd(names)) {
    const at = names.offset
    const tag = names.bytes[at] as number
    const contents = readContents(names, tag)
    if (tag === DNS) {
      if (contents.length === 0 || !isText(contents)) {
        throw errorAt(names, at, 'malformed_der', 'a DNS name that is not printable ASCII')
      }
      dnsNames.push(String.fromCharCode(...contents))
    } else if (tag === ADDRESS) {
      if (contents.length !== 4 && contents.length !== 16) {
        throw errorAt(names, at, 'malformed_der', 'an address of neither 4 nor 16 bytes')
      }
      addresses.push(contents)
    } else others.push(KINDS[tag] ?? 'other name')
  }
  return { dnsNames, addresses, others }
}
