// The hosts of NO_PROXY, by curl's rules, so that this command and bootstrap.sh use the same proxy.

import { BlockList, isIP } from 'node:net'

const familyOf = (address: string): 'ipv4' | 'ipv6' | undefined =>
  (({ 4: 'ipv4', 6: 'ipv6' }) as const)[isIP(address) as 4 | 6]

const namesHost = (entry: string, host: string): boolean => {
  const name = entry.toLowerCase().replaceAll(/^\.|\.$/g, '')
  return host === name || host.endsWith(`.${name}`)
}

/** Whether an entry is the address, or a network (CIDR) that contains it. */
const namesAddress = (entry: string, address: string): boolean => {
  const [network = '', bits] = entry.replaceAll(/[[\]]/g, '').split('/')
  const family = familyOf(network)
  if (family === undefined || family !== familyOf(address)) return false
  const length = Number(bits ?? (family === 'ipv4' ? 32 : 128))
  if (!Number.isInteger(length) || length < 0 || length > (family === 'ipv4' ? 32 : 128))
    return false
  const list = new BlockList()
  list.addSubnet(network, length, family)
  return list.check(address, family)
}

/**
 * Whether a host is called without a proxy.
 * @param hostname as in a URL
 * @param list names, which stand for their subdomains too, addresses and networks, with commas or spaces between
 *   them; or `*` alone
 */
export const isExempt = (hostname: string, list: string): boolean => {
  if (list.trim() === '*') return true
  const host = hostname.replaceAll(/^\[|\]$/g, '').replace(/\.$/, '')
  const names = familyOf(host) === undefined ? namesHost : namesAddress
  return list.split(/[\s,]+/).some((entry) => entry !== '' && names(entry, host))
}
