// Writes the little DER (ITU-T X.690) that the emulator signs. The service itself never writes any.

import { type Bytes, concatBytes } from '../bytes.ts'
import { TAG } from '../codec/der.ts'

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

export const sequence = (...members: readonly Uint8Array[]): Bytes =>
  element(TAG.sequence, ...members)

const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** The members of a SET OF in their one order (section 11.6), without tag and length. */
export const setMembers = (...members: readonly Uint8Array[]): Bytes =>
  concatBytes(...members.toSorted(compareBytes))

/** An OBJECT IDENTIFIER in dotted decimal. */
export const objectIdentifier = (dotted: string): Bytes => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const octets = [first * 40 + second, ...rest].flatMap((arc) => {
    const septets = [arc & 0x7f]
    for (let left = arc >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80)
    return septets
  })
  return element(TAG.oid, Uint8Array.from(octets))
}

/** An AlgorithmIdentifier with NULL for its parameters. */
export const algorithmIdentifier = (dotted: string): Bytes =>
  sequence(objectIdentifier(dotted), element(TAG.null))
