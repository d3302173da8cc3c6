// The description of an instance to emulate: some items, by their own names. Missing values are
// made up. A check reports every problem of a description at once.

import { fromBase64, utf8 } from '../base/bytes.ts'
import { matchesField } from '../codec/identity-document.ts'
import { ConfigurationError } from '../base/errors.ts'
import { type Check, check, isInteger, isObject, isText, list, members } from './shape-checks.ts'
import { parseCidr, parseIpv4 } from '../base/ipv4.ts'
import { ITEMS } from '../metadata/items.ts'
import { TAGS_FOLDER, isName, readPath } from '../metadata/path.ts'

/** A spot instance that will be stopped. */
export interface SpotTermination {
  /** When the item appears, after the emulator's start. Default: 0. */
  readonly 'appears-after-seconds'?: number
  /** Seconds from then to the stop of the instance. Default: 300, as ECS gives notice. */
  readonly 'notice-seconds'?: number
}

/** A system event. */
export interface SystemEvent {
  /** As in `SystemMaintenance.Reboot`. */
  readonly type: string
  /** When it appears, after the emulator's start. Default: 0. */
  readonly 'appears-after-seconds'?: number
  /** Seconds from then until it is carried out. Default: 3600. */
  readonly 'notice-seconds'?: number
}

/** A disk of an instance to emulate. */
export interface DiskDescription {
  /** Serial number, 1 to 64 characters `a-z0-9`. Default: made up. */
  readonly serial?: string
  /** Name. Default: none. */
  readonly name?: string
}

/** One instance. A missing member is made up, or not set. */
export interface InstanceDescription {
  /** Id of its zone. Default: made up. */
  readonly 'zone-id'?: string
  /** Its serial number. Default: made up. */
  readonly 'serial-number'?: string
  /** Id of the instance. Default: made up. */
  readonly 'instance-id'?: string
  /** Id of its region. Default: made up. */
  readonly 'region-id'?: string
  /** Private address of its first network interface. Default: made up. */
  readonly 'private-ipv4'?: string
  /** Id of the account that owns it. Default: made up. */
  readonly 'owner-account-id'?: string
  /** MAC address of its first network interface. Default: made up. */
  readonly mac?: string
  /** Id of its image. Default: made up. */
  readonly 'image-id'?: string
  /** Its type. Default: made up. */
  readonly 'instance-type'?: string
  /** Host name. Default: made up. */
  readonly hostname?: string
  /** Default: the host name. */
  readonly 'instance-name'?: string
  /** Id of its VPC. Default: made up. */
  readonly 'vpc-id'?: string
  /** Private addresses of the VPC, a block of 16 to 65,536. Default: made up. */
  readonly 'vpc-cidr-block'?: string
  /** Id of its vSwitch. Default: made up. */
  readonly 'vswitch-id'?: string
  /** Private addresses of the vSwitch, a block of 16 to 65,536. Default: made up. */
  readonly 'vswitch-cidr-block'?: string
  /** How many network interfaces, 1 to 8. Default: 1. */
  readonly 'network-interfaces'?: number
  /** As in `2408:4005:3af:1a04::/64`: each network interface then has an IPv6 address. Default: none has. */
  readonly 'vswitch-ipv6-cidr-block'?: string
  /** Whether each network interface has prefixes assigned. Default: false. */
  readonly prefixes?: boolean
  /** The public address; it is `public-ipv4`, too. */
  readonly eipv4?: string
  /** Lines as in `authorized_keys`. */
  readonly 'public-keys'?: readonly string[]
  /** The first public key is listed by this id, too, beside `0`. */
  readonly 'key-pair-id'?: string
  /** Default: a system disk. A serial number that is left out is made up. */
  readonly disks?: readonly DiskDescription[]
  /** As with `InstanceMetadataTags=enabled`. Default: none. */
  readonly tags?: Readonly<Record<string, string>>
  /** User data as text, at most 32,768 bytes. Default: none. */
  readonly 'user-data'?: string
  /** User data that is not text. */
  readonly 'user-data-base64'?: string
  /** Names of its RAM roles. Default: none. */
  readonly 'ram-roles'?: readonly string[]
  /** When it is stopped as a spot instance. Default: never. */
  readonly 'spot-termination'?: SpotTermination
  /** System events that the cloud has planned for it. Default: none. */
  readonly 'system-events'?: readonly SystemEvent[]
  /** Any other item by its path: its text, or `null` for a 404 there and below. */
  readonly items?: Readonly<Record<string, string | null>>
}

const MAX_USER_DATA_BYTES = 32_768
const MAX_SECONDS = 31_536_000

const text: Check = check('a text', isText)
/** A field of the identity document, by the pattern of the verification. */
const field = (name: string, example: string): Check =>
  check(`a value as in ${example}`, (value) => isText(value) && matchesField(name, value))
const address: Check = check(
  'an IPv4 address',
  (value) => isText(value) && parseIpv4(value) !== undefined,
)
const block: Check = check('a block of 16 to 65,536 addresses, as in 10.1.2.0/24', (value) =>
  isInteger(isText(value) ? parseCidr(value)?.prefix : undefined, 8, 28),
)
const seconds: Check = check(`a whole number from 0 to ${MAX_SECONDS}`, (value) =>
  isInteger(value, 0, MAX_SECONDS),
)
const userData = (bytes: unknown): boolean =>
  typeof bytes === 'number' && bytes <= MAX_USER_DATA_BYTES

/** Items that may be given by path. The other items are derived, and could contradict the rest. */
const FREE: ReadonlySet<string> = /* @__PURE__ */ new Set([
  ITEMS.nameservers.path,
  ITEMS.marketplaceProductCode.path,
  ITEMS.marketplaceChargeType.path,
  ITEMS.maxEgressKbits.path,
  ITEMS.maxIngressKbits.path,
  ITEMS.virtualizationSolution.path,
  ITEMS.virtualizationSolutionVersion.path,
  ITEMS.hibernationConfigured.path,
  ITEMS.subPrivateIpv4s.path,
  ITEMS.vendorData.path,
  ITEMS.kmsServer.path,
  ITEMS.ntpServers.path,
  ITEMS.sourceAddress.path,
  ITEMS.updateServer.path,
  ITEMS.updateStatusServer.path,
])

const KNOWN = /* @__PURE__ */ Object.values(ITEMS).map(({ path }): string => path)

const mayBeSet = (path: string): boolean =>
  FREE.has(path) || !KNOWN.some((item) => item === path || path.startsWith(item))

const items: Check = (value, path) => {
  if (!isObject(value)) return [`${path}: expected an object`]
  return Object.entries(value).flatMap(([name, one]) => {
    const at = `${path}[${JSON.stringify(name)}]`
    try {
      if (readPath(name) !== name || name === '') return [`${at}: expected meta-data/NAME`]
    } catch {
      return [`${at}: expected meta-data/NAME`]
    }
    if (one === null) return []
    if (typeof one !== 'string') return [`${at}: expected a text, or null for a 404`]
    return mayBeSet(name) ? [] : [`${at}: is derived from other items; only null is accepted`]
  })
}

const tags: Check = (value, path) => {
  if (!isObject(value)) return [`${path}: expected an object`]
  return Object.entries(value).flatMap(([key, one]) => {
    const at = `${path}[${JSON.stringify(key)}]`
    // The listing would show it as another key.
    if (!isName(TAGS_FOLDER, key) || key.endsWith('/')) return [`${at}: not a key of a tag`]
    return typeof one === 'string' ? [] : [`${at}: expected a text`]
  })
}

const description: Check = members({
  'zone-id': field('zone-id', 'cn-hangzhou-i'),
  'serial-number': field('serial-number', '4acd2b47-b328-4762-852f-998000000000'),
  'instance-id': field('instance-id', 'i-bp13znx0m0me8cq'),
  'region-id': field('region-id', 'cn-hangzhou'),
  'private-ipv4': address,
  'owner-account-id': field('owner-account-id', '1609000000000000'),
  mac: field('mac', '00:16:3e:0f:00:01'),
  'image-id': field('image-id', 'm-bp1000000'),
  'instance-type': field('instance-type', 'ecs.g6e.large'),
  hostname: text,
  'instance-name': text,
  'vpc-id': text,
  'vpc-cidr-block': block,
  'vswitch-id': text,
  'vswitch-cidr-block': block,
  'network-interfaces': check('a whole number from 1 to 8', (value) => isInteger(value, 1, 8)),
  eipv4: address,
  'vswitch-ipv6-cidr-block': check('a block as in 2408:4005:3af:1a04::/64', (value) =>
    /^(?:[1-9a-f][0-9a-f]{0,3}:){4}:\/64$/.test(String(value)),
  ),
  prefixes: check('true or false', (value) => typeof value === 'boolean'),
  'public-keys': list(text),
  'key-pair-id': check('the id of a key pair', (value) => isText(value) && isName('', value)),
  disks: list(
    members({
      serial: check('a-z and 0-9', (value) => /^[a-z0-9]{1,64}$/.test(String(value))),
      name: text,
    }),
  ),
  tags,
  'user-data': check(
    `a text of at most ${MAX_USER_DATA_BYTES} bytes`,
    (value) => isText(value) && userData(utf8(value).length),
  ),
  'user-data-base64': check(
    `base64 of at most ${MAX_USER_DATA_BYTES} bytes`,
    (value) => isText(value) && userData(fromBase64(value)?.length),
  ),
  'ram-roles': list(
    check('the name of a role', (value) => isText(value) && /^[A-Za-z0-9.-]{1,64}$/.test(value)),
  ),
  'spot-termination': members({ 'appears-after-seconds': seconds, 'notice-seconds': seconds }),
  'system-events': list(
    members({ type: text, 'appears-after-seconds': seconds, 'notice-seconds': seconds }, ['type']),
  ),
  items,
} satisfies { [Name in keyof Required<InstanceDescription>]: Check })

/**
 * Checks descriptions of instances from a file or a caller.
 * @param value parsed JSON: a list of {@link InstanceDescription}, not empty
 * @returns the same value
 * @throws ConfigurationError `configuration_invalid`, with one line for each problem
 * @example
 * ```ts
 * import { ConfigurationError } from 'rollcall'
 * import { parseInstanceDescriptions } from 'rollcall/emulator'
 *
 * console.log(parseInstanceDescriptions([{ hostname: 'node-1' }]).length) // 1
 * try {
 *   parseInstanceDescriptions([])
 * } catch (error) {
 *   if (!(error instanceof ConfigurationError)) throw error
 *   console.log(error.problems[0]) // instances: expected at least one
 * }
 * ```
 */
export const parseInstanceDescriptions = (value: unknown): readonly InstanceDescription[] => {
  const problems = list(description)(value, 'instances')
  if (Array.isArray(value) && value.length === 0) problems.push('instances: expected at least one')
  if (problems.length > 0) throw new ConfigurationError(problems)
  return value as readonly InstanceDescription[]
}
