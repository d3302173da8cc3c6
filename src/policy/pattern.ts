// What a value of a role's `match` means: exact text, text with `*` for any run of characters, or a
// block of addresses. All are case-sensitive and match the whole value. There are no regular
// expressions, so every pattern takes linear time.

import { formatIpv4, parseIpv4 } from '../base/ipv4.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import type { EcsField } from './fields.ts'

const PREFIX = /^(?:0|[1-9]|[12][0-9]|3[0-2])$/

const NO_BLOCK = 'expected an IPv4 address or a CIDR block such as "10.0.0.0/8"'

/** Reads an IPv4 address in canonical dotted form as a number. */
const readAddress = (text: string): Result<number, string> => {
  const address = parseIpv4(text)
  return address === undefined ? refuse(NO_BLOCK) : accept(address)
}

/** A block of addresses: the first one, and how many there are. */
export interface AddressBlock {
  readonly first: number
  readonly size: number
}

/** Reads an address, as a block of one, or a block such as `10.0.0.0/8`. Its address may be any of the block. */
const readBlock = (text: string): Result<AddressBlock, string> => {
  const [address = '', prefix = '32', ...rest] = text.split('/')
  const first = readAddress(address)
  if (!first.ok || !PREFIX.test(prefix) || rest.length > 0) return refuse(NO_BLOCK)
  return accept({ first: first.value, size: 2 ** (32 - Number(prefix)) })
}

/**
 * Reads an IPv4 address or CIDR block (RFC 4632) of a policy. A block must begin with its network address:
 * another address is probably a mistake, and two texts would name one block.
 * @returns the block; a refusal says what to write instead
 */
export const readAddressBlock = (text: string): Result<AddressBlock, string> => {
  const block = readBlock(text)
  if (!block.ok) return block
  const { first, size } = block.value
  const offset = first % size
  if (offset === 0) return block
  const network = `${formatIpv4(first - offset)}/${text.split('/')[1]}`
  return refuse(`not a network address: ${text} is inside ${network}; write that`)
}

/** Whether an address is in a block; false if a text is not an address or block. */
export const matchesAddressBlock = (block: string, address: string): boolean => {
  const range = readBlock(block)
  const at = readAddress(address)
  if (!range.ok || !at.ok) return false
  const { first, size } = range.value
  return at.value >= first && at.value < first + size
}

/** Whether the whole of `value` is `pattern`, where `*` stands for any run of characters. */
export const matchesText = (pattern: string, value: string): boolean => {
  const [head = '', ...rest] = pattern.split('*')
  const tail = rest.pop()
  if (tail === undefined) return pattern === value
  if (value.length < head.length + tail.length) return false
  if (!value.startsWith(head) || !value.endsWith(tail)) return false
  const end = value.length - tail.length
  let at = head.length
  for (const part of rest) {
    const found = value.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

/**
 * Whether the value of a field matches one of the patterns that a role, or a relying party, has for it. Accounts are
 * compared exactly, whatever the pattern contains.
 */
export const matchesField = (
  field: EcsField,
  patterns: readonly string[],
  value: string,
): boolean => {
  if (field === 'owner_account_id') return patterns.includes(value)
  const matches = field === 'private_ipv4' ? matchesAddressBlock : matchesText
  return patterns.some((pattern) => matches(pattern, value))
}

/** Whether two blocks have an address in common; false if a text is not a block. */
export const blocksOverlap = (a: string, b: string): boolean => {
  const [one, other] = [readBlock(a), readBlock(b)]
  if (!one.ok || !other.ok) return false
  const [left, right] = [one.value, other.value]
  return left.first < right.first + right.size && right.first < left.first + left.size
}

/** Whether some text matches both patterns. Takes time in proportion to the product of their lengths. */
export const textsOverlap = (a: string, b: string): boolean => {
  // For each position in `a`, whether the rest of it and the rest of `b` have a text in common; `b` is taken
  // from its end, a character a round.
  let after: boolean[] = []
  for (let j = b.length; j >= 0; j--) {
    const here: boolean[] = []
    for (let i = a.length; i >= 0; i--) {
      const [left, right] = [a[i], b[j]]
      if (left === undefined && right === undefined) here[i] = true
      else if (left === '*' || right === '*') {
        const withoutStar = left === '*' ? here[i + 1] : after[i]
        const takesOne = left === '*' ? right !== undefined && after[i] : left && here[i + 1]
        here[i] = Boolean(withoutStar) || Boolean(takesOne)
      } else here[i] = left !== undefined && left === right && Boolean(after[i + 1])
    }
    after = here
  }
  return Boolean(after[0])
}
