// The elements of a message as a tree for people, read by the strict reader as far as it gets. Showing
// an element here does not mean that it is valid.

import { InstanceIdentityError } from '../../base/errors.ts'
import { type DerReader, atEnd, derReader, readInside } from '../../codec/der.ts'

/** One element. */
export interface DerNode {
  /** Where it begins, in bytes from the start of the message. */
  readonly offset: number
  /** Where it ends by its length; behind the end of a message that was cut off. */
  readonly end: number
  /** The identifier octet. */
  readonly tag: number
  /** As much of its contents as the message has. */
  readonly contents: Uint8Array
  /** Of constructed elements; empty for others. */
  readonly children: readonly DerNode[]
}

const CONSTRUCTED = 0x20
const HIGH_TAG = 0x1f
const MAX_DEPTH = 32
/** The most bytes that may be missing: verification accepts no longer message. */
const MAX_MISSING_BYTES = 16_384

/** Reads the elements up to the first one that is not DER. */
export const readDerTree = (message: Uint8Array): readonly DerNode[] => {
  // The reader refuses all of a message that was cut off. With zeros appended, it reads up to the
  // cut.
  const padded = new Uint8Array(message.length + MAX_MISSING_BYTES)
  padded.set(message)
  const nodes: DerNode[] = []
  const readAll = (reader: DerReader, into: DerNode[], depth: number): void => {
    while (!atEnd(reader) && reader.offset < message.length) {
      const { offset } = reader
      const tag = padded[offset] as number
      if (tag === 0 || (tag & HIGH_TAG) === HIGH_TAG) return
      const inside = readInside(reader, tag)
      if (inside.offset > message.length) return
      const { end } = inside
      const children: DerNode[] = []
      into.push({ offset, end, tag, contents: message.subarray(inside.offset, end), children })
      if ((tag & CONSTRUCTED) !== 0 && depth < MAX_DEPTH) readAll(inside, children, depth + 1)
    }
  }
  try {
    readAll(derReader(padded), nodes, 0)
  } catch (error) {
    // The elements so far are shown. The refusal of the whole message says where it breaks.
    if (!(error instanceof InstanceIdentityError)) throw error
  }
  return nodes
}
