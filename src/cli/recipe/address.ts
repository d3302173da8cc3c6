// Hosts, ports and addresses as users type them for a recipe. What is accepted here needs no quotes in any format.

import { isIPv4, isIPv6 } from 'node:net'

/** Where a program listens, or where it finds another one. */
export interface Address {
  /** A name, an IPv4 address, or an IPv6 address without brackets; `undefined`: every address of the machine. */
  readonly host: string | undefined
  readonly port: string
}

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const NAME = new RegExp(`^(?=.{1,253}$)(?:${LABEL}\\.)*${LABEL}$`)
/** A last label by which URLs take a host for an IPv4 address (WHATWG URL, "ends in a number"). */
const NUMBER = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/
const MAX_PORT = 65_535

/** Whether a text is a host name or an IPv4 address. nginx takes the name `unix` for a socket. */
export const isHost = (text: string): boolean =>
  isIPv4(text) || (NAME.test(text) && !NUMBER.test(text) && text !== 'unix')

/** Reads `HOST:PORT`, `[IPV6]:PORT` or `PORT`; `undefined` for any other text. */
export const parseAddress = (text: string): Address | undefined => {
  const [, ipv6, host, port = ''] =
    /^(?:\[([0-9a-f:.]+)\]:|([^:[\]]*):)?([1-9][0-9]{0,4})$/.exec(text) ?? []
  if (port === '' || Number(port) > MAX_PORT) return undefined
  // nginx cannot listen at an IPv4 address that is written as IPv6.
  if (ipv6?.startsWith('::ffff:')) return undefined
  if (ipv6 !== undefined) return isIPv6(ipv6) ? { host: ipv6, port } : undefined
  return host === undefined || isHost(host) ? { host, port } : undefined
}

/** Whether a host is an address, and no name. */
export const isIp = (host: string): boolean => isIPv4(host) || isIPv6(host)

/** The address of a recipe's option, which was accepted before. */
export const addressOf = (text: string): Address => parseAddress(text) as Address
