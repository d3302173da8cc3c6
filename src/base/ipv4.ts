// IPv4 addresses, and blocks as far as the emulator lays out networks.

/** A block of addresses. */
export interface CidrBlock {
  /** Its first address. */
  readonly base: number
  /** 0 to 32. */
  readonly prefix: number
}

/** The number of an address in canonical dotted form, or `undefined`. */
export const parseIpv4 = (text: string): number | undefined => {
  const parts = text.split('.')
  const isCanonical = parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
  if (parts.length !== 4 || !isCanonical) return undefined
  return parts.reduce((number, part) => number * 256 + Number(part), 0)
}

/** The dotted form of an address. */
export const formatIpv4 = (number: number): string =>
  [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.')

const sizeOf = ({ prefix }: CidrBlock): number => 2 ** (32 - prefix)

/** Reads a block such as `10.1.0.0/16`; `undefined` unless it begins at its first address. */
export const parseCidr = (text: string): CidrBlock | undefined => {
  const [, address = '', digits] = /^([\d.]+)\/(\d|[12]\d|3[0-2])$/.exec(text) ?? []
  const base = parseIpv4(address)
  if (base === undefined) return undefined
  const block = { base, prefix: Number(digits) }
  return base % sizeOf(block) === 0 ? block : undefined
}

/** Whether an address is in a block. */
export const contains = (block: CidrBlock, address: number): boolean =>
  address >= block.base && address < block.base + sizeOf(block)

/** Whether a block is in another one. */
export const containsBlock = (outer: CidrBlock, inner: CidrBlock): boolean =>
  inner.prefix >= outer.prefix && contains(outer, inner.base)

/** How many addresses of a vSwitch instances can have: the first and the last three are the cloud's. */
export const usableCount = (block: CidrBlock): number => sizeOf(block) - 4

/** One of the usable addresses of a vSwitch, from 0 on. */
export const usableAddress = (block: CidrBlock, index: number): number => block.base + 1 + index

/** Whether an instance can have an address of a vSwitch. */
export const isUsable = (block: CidrBlock, address: number): boolean =>
  address > block.base && address <= block.base + usableCount(block)

/** The gateway of a vSwitch: the third address from its end. */
export const gatewayOf = (block: CidrBlock): number => block.base + sizeOf(block) - 3

/** The netmask of a block. */
export const netmaskOf = (block: CidrBlock): number => 2 ** 32 - sizeOf(block)
