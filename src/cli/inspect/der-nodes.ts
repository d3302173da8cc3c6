// DER, and what is nearly DER, as a tree for people: whatever can be made out is, and each place that
// breaks the rules is named. Nothing is trusted on the ground of this; verification has its own, strict
// reader.

/** Something that is wrong, and where. */
export interface Problem {
  readonly where: string
  readonly what: string
}

/** One element. */
export interface DerNode {
  /** Where it begins, in bytes from the start. */
  readonly offset: number
  /** The identifier octet. */
  readonly tag: number
  readonly contents: Uint8Array
  /** Of constructed elements; empty for others. */
  readonly children: readonly DerNode[]
}

/** A tree, and what is wrong with it. */
export interface DerTree {
  readonly nodes: readonly DerNode[]
  readonly problems: readonly Problem[]
}

const CONSTRUCTED = 0x20
const LONG_TAG = 0x1f
const MAX_DEPTH = 32

/** Reads a whole message. */
export const readNodes = (bytes: Uint8Array): DerTree => {
  const problems: Problem[] = []
  const problem = (offset: number, what: string): void =>
    void problems.push({ where: `byte ${offset}`, what })
  let cut = false

  /** Reads elements from `start` to `end`, or to the end mark of an indefinite length. */
  const readAll = (
    start: number,
    end: number,
    depth: number,
    indefinite = false,
  ): { nodes: DerNode[]; at: number } => {
    const nodes: DerNode[] = []
    let at = start
    while (at < end) {
      const offset = at
      const tag = bytes[at] as number
      if (indefinite && tag === 0 && bytes[at + 1] === 0) return { nodes, at: at + 2 }
      const length = readLength(offset + 1, end)
      if ((tag & LONG_TAG) === LONG_TAG || tag === 0) {
        problem(offset, 'no tag that a message of this kind has; the rest here was not read')
        return { nodes, at: end }
      }
      if (length === undefined) return { nodes, at: end }
      const isConstructed = (tag & CONSTRUCTED) !== 0
      let inside: { nodes: DerNode[]; at: number } = { nodes: [], at: length.start + length.size }
      if (isConstructed && depth < MAX_DEPTH) {
        inside = readAll(length.start, inside.at, depth + 1, length.indefinite)
      } else if (isConstructed) problem(offset, 'nested too deeply; not read')
      const contents = bytes.subarray(length.start, inside.at)
      nodes.push({ offset, tag, contents, children: inside.nodes })
      at = inside.at
    }
    if (indefinite) problem(start, 'the end mark of an indefinite length is missing')
    return { nodes, at }
  }

  /** Reads a length; one that goes beyond the end is cut there. */
  const readLength = (
    offset: number,
    end: number,
  ): { start: number; size: number; indefinite: boolean } | undefined => {
    const first = bytes[offset]
    if (first === undefined || offset >= end) {
      if (!cut) problem(offset, 'cut off before a length')
      return undefined
    }
    const count = first < 0x80 ? 0 : first & 0x7f
    const start = offset + 1 + count
    if (first === 0x80) {
      problem(offset, 'an indefinite length: BER, not DER')
      return { start, size: end - start, indefinite: true }
    }
    if (count > 3 || start > end) {
      problem(
        offset,
        count > 3 ? 'a length of more than three bytes' : 'cut off inside of a length',
      )
      return undefined
    }
    const octets = [...bytes.subarray(offset + 1, start)]
    const size = first < 0x80 ? first : octets.reduce((sum, octet) => sum * 256 + octet, 0)
    if (count > 0 && (size < 0x80 || octets[0] === 0)) {
      problem(offset, 'a length that is not in its shortest form')
    }
    const left = end - start
    // Where the message itself is cut off, all that the cut goes through is too short: told once.
    const isCut = size > left && end === bytes.length
    if (size > left && !(isCut && cut)) {
      problem(offset, `${size} bytes should follow, ${left} are there`)
    }
    cut ||= isCut
    return { start, size: Math.min(size, left), indefinite: false }
  }

  const { nodes } = readAll(0, bytes.length, 0)
  const [, second] = nodes
  if (bytes.length === 0) problem(0, 'there is nothing')
  if (second !== undefined) problem(second.offset, 'bytes behind the message')
  return { nodes, problems }
}
