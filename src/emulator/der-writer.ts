// Writes the DER (ITU-T X.690) that the emulator needs: whole elements, from the inside out. The
// service itself never writes DER.

import { type Bytes, concatBytes, toHex, utf8 } from '../base/bytes.ts'
import { TAG, oid } from '../codec/der.ts'

const lengthOctets = (length: number): number[] => {
  if (length < 0x80) return [length]
  if (length < 0x100) return [0x81, length]
  return [0x82, length >> 8, length & 0xff]
}

/** One element: its tag, its length (below 65,536) and its contents. */
export const element = (tag: number, ...contents: readonly Uint8Array[]): Bytes => {
  const inside = concatBytes(...contents)
  return concatBytes(Uint8Array.of(tag, ...lengthOctets(inside.length)), inside)
}

/** A SEQUENCE of elements, in their order. */
export const sequence = (...members: readonly Uint8Array[]): Bytes =>
  element(TAG.sequence, ...members)

/** The members of a SET OF in DER order (section 11.6), without tag and length. */
export const setMembers = (...members: readonly Uint8Array[]): Bytes =>
  concatBytes(...members.toSorted((a, b) => (toHex(a) < toHex(b) ? -1 : 1)))

/** An INTEGER from 0 to 127. */
export const smallInteger = (value: number): Bytes => element(TAG.integer, Uint8Array.of(value))

/** An OBJECT IDENTIFIER in dotted decimal. */
export const objectIdentifier = (dotted: string): Bytes => {
  const octets = oid(dotted).match(/../g) ?? []
  const bytes = Uint8Array.from(octets, (octet) => Number.parseInt(octet, 16))
  return element(TAG.oid, bytes)
}

/** An AlgorithmIdentifier with NULL for its parameters. */
export const algorithmIdentifier = (dotted: string): Bytes =>
  sequence(objectIdentifier(dotted), element(TAG.null))

/** A BIT STRING of whole bytes. */
export const bitString = (bytes: Uint8Array): Bytes =>
  element(TAG.bitString, Uint8Array.of(0), bytes)

const timeDigits = (unixSeconds: number): string =>
  new Date(unixSeconds * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 14)

/** A UTCTime in Unix seconds (RFC 5652 section 11.3: for years up to 2049). */
export const utcTime = (unixSeconds: number): Bytes =>
  element(TAG.utcTime, utf8(`${timeDigits(unixSeconds).slice(2)}Z`))

const FIRST_SECOND_OF_2050 = 2_524_608_000

/** A Time in Unix seconds (RFC 5280 section 4.1.2.5): UTCTime to 2049, then GeneralizedTime. */
export const time = (unixSeconds: number): Bytes =>
  unixSeconds < FIRST_SECOND_OF_2050
    ? utcTime(unixSeconds)
    : element(TAG.generalizedTime, utf8(`${timeDigits(unixSeconds)}Z`))
