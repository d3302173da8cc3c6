// Addresses of Nodes and of certification requests in one text form, so that they can be compared. Pure.

import { formatIpv4, parseIpv4 } from '../../base/ipv4.ts'
import { parseUrl } from '../../base/url.ts'

/** Eight groups of an IPv6 address in hex, as `URL` writes them in its host. */
const readIpv6 = (text: string): string | undefined => {
  if (!/^[0-9a-f:.]+$/i.test(text) || !text.includes(':')) return undefined
  const url = `http://[${text}]`
  return parseUrl(url)?.hostname.slice(1, -1)
}

/** The IPv4 address in an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2). */
const mappedIpv4 = (ipv6: string): string | undefined => {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(ipv6) ?? []
  if (high === undefined || low === undefined) return undefined
  return formatIpv4(Number.parseInt(high, 16) * 0x1_0000 + Number.parseInt(low, 16))
}

/**
 * Brings an address to its one form: IPv4 in dotted form, also if it was mapped to IPv6; else IPv6 as RFC 5952 writes it.
 * @returns `undefined` for a text that is no address, such as a host name
 */
export const canonicalAddress = (text: string): string | undefined => {
  if (parseIpv4(text) !== undefined) return text
  const ipv6 = readIpv6(text)
  return ipv6 === undefined ? undefined : (mappedIpv4(ipv6) ?? ipv6)
}

/** The text of an address of 4 or 16 bytes. */
export const addressText = (bytes: Uint8Array): string => {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16),
  )
  return readIpv6(groups.join(':')) ?? groups.join(':')
}
