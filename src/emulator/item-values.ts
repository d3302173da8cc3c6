// The values of an emulated instance's items, by path below a version.
// An item that was never set (a public address, a key pair, user data) has no value: 404, as on ECS.

import type { Bytes } from '../base/bytes.ts'
import type { EmulatedInstance } from './emulated-instance.ts'
import { diskValues, interfaceValues } from './interface-values.ts'
import { ITEMS, type ItemName } from '../metadata/items.ts'
import { publicKeyPath, ramCredentialsPath, tagPath } from '../metadata/item-paths.ts'

/** The time of a request, in Unix seconds. */
export interface Moment {
  readonly now: number
  /** When the emulator started. */
  readonly startedAt: number
}

/** An item's value; `undefined` is a 404. */
type Value = string | Bytes | undefined

const NOTICE_SECONDS = 300
const EVENT_NOTICE_SECONDS = 3600
const CREDENTIALS_LIFETIME_SECONDS = 21_600
/** New credentials appear this long before the old ones expire. */
const CREDENTIALS_OVERLAP_SECONDS = 1800

const utc = (unixSeconds: number): string =>
  new Date(Math.floor(unixSeconds) * 1000).toISOString().replace('.000Z', 'Z')

const field =
  (name: string) =>
  ({ document }: EmulatedInstance): string =>
    document[name] as string
const always = (text: string) => (): string => text
const never = (): undefined => undefined

const spotTerminationTime = (
  { spotTermination }: EmulatedInstance,
  { now, startedAt }: Moment,
): Value => {
  if (spotTermination === undefined) return undefined
  const appearsAt = startedAt + (spotTermination['appears-after-seconds'] ?? 0)
  if (now < appearsAt) return undefined
  return utc(appearsAt + (spotTermination['notice-seconds'] ?? NOTICE_SECONDS))
}

/**
 * The form comes from the operation DescribeInstanceHistoryEvents, because the form of the item is
 * not documented.
 */
const activeSystemEvents = (
  { systemEvents, instanceId }: EmulatedInstance,
  { now, startedAt }: Moment,
): Value => {
  const events = systemEvents.flatMap((event, i) => {
    const appearsAt = startedAt + (event['appears-after-seconds'] ?? 0)
    if (now < appearsAt) return []
    return {
      EventId: `e-${instanceId.slice(2)}${i}`,
      EventType: event.type,
      EventCycleStatus: 'Scheduled',
      NotBefore: utc(appearsAt + (event['notice-seconds'] ?? EVENT_NOTICE_SECONDS)),
    }
  })
  return events.length > 0 ? JSON.stringify(events) : undefined
}

/** Items that are made of others at each request, and folders, whose items are not listed here. */
type Made = 'everything' | 'identitySignature'
type Folders = 'macs' | 'diskSerials' | 'tagKeys' | 'publicKeyNames' | 'ramRoleNames'

const VALUES: Readonly<
  Record<Exclude<ItemName, Made | Folders>, (instance: EmulatedInstance, moment: Moment) => Value>
> = {
  nameservers: always('100.100.2.136\n100.100.2.138'),
  hostname: ({ hostname }) => hostname,
  imageId: field('image-id'),
  marketplaceProductCode: never,
  marketplaceChargeType: never,
  instanceId: field('instance-id'),
  instanceName: ({ instanceName }) => instanceName,
  hibernationConfigured: never,
  subPrivateIpv4s: never,
  vendorData: never,
  instanceType: field('instance-type'),
  maxEgressKbits: always('1228800'),
  maxIngressKbits: always('1228800'),
  spotTerminationTime,
  virtualizationSolution: always('ECS Virt'),
  virtualizationSolutionVersion: always('2.0'),
  kmsServer: never,
  mac: field('mac'),
  networkType: always('vpc'),
  ntpServers: always('ntp1.aliyun.com\nntp2.aliyun.com'),
  ownerAccountId: field('owner-account-id'),
  privateIpv4: field('private-ipv4'),
  publicIpv4: ({ publicIpv4 }) => publicIpv4,
  elasticIpv4: ({ publicIpv4 }) => publicIpv4,
  regionId: field('region-id'),
  serialNumber: field('serial-number'),
  sourceAddress: always('http://mirrors.cloud.aliyuncs.com'),
  vpcCidrBlock: ({ vpcCidrBlock }) => vpcCidrBlock,
  vpcId: ({ vpcId }) => vpcId,
  vswitchCidrBlock: ({ vswitchCidrBlock }) => vswitchCidrBlock,
  vswitchId: ({ vswitchId }) => vswitchId,
  updateServer: never,
  updateStatusServer: never,
  zoneId: field('zone-id'),
  activeSystemEvents,
  userData: ({ userData }) => userData,
  identityDocument: ({ document }) => JSON.stringify(document),
}

/**
 * Made-up credentials in the form of ECS, which say that they are made up. New ones appear before
 * the old ones expire.
 */
const ramCredentials = (
  { instanceId }: EmulatedInstance,
  role: string,
  { now }: Moment,
): string => {
  const period = CREDENTIALS_LIFETIME_SECONDS - CREDENTIALS_OVERLAP_SECONDS
  const updatedAt = Math.floor(now / period) * period
  const name = `${instanceId}.${role}.${updatedAt}`
  const credentials = {
    AccessKeyId: `STS.emulated.${name}`,
    AccessKeySecret: `emulated-secret.${name}`,
    Expiration: utc(updatedAt + CREDENTIALS_LIFETIME_SECONDS),
    SecurityToken: `emulated-token.${name}`,
    LastUpdated: utc(updatedAt),
    Code: 'Success',
  }
  return JSON.stringify(credentials, undefined, 2)
}

/** Each item except the derived ones: its path and its value, which may be unset. */
const valuesByPath = (instance: EmulatedInstance, moment: Moment): [string, Value][] => [
  ...Object.entries(VALUES).map(([name, valueOf]): [string, Value] => [
    ITEMS[name as ItemName].path,
    valueOf(instance, moment),
  ]),
  ...instance.networkInterfaces.flatMap((one) => interfaceValues(instance, one)),
  ...instance.disks.flatMap(diskValues),
  ...instance.publicKeys.map((key, i): [string, Value] => [publicKeyPath(String(i)), key]),
  ...(instance.keyPairId === undefined
    ? []
    : [[publicKeyPath(instance.keyPairId), instance.publicKeys[0]] satisfies [string, Value]]),
  ...Object.entries(instance.tags).map(([key, value]): [string, Value] => [tagPath(key), value]),
  ...instance.ramRoles.map((role): [string, Value] => [
    ramCredentialsPath(role),
    ramCredentials(instance, role, moment),
  ]),
]

/**
 * The value of each set item, by path; all but the signature and `meta-data/all`. They agree with
 * the document.
 */
export const itemValues = (
  instance: EmulatedInstance,
  moment: Moment,
): ReadonlyMap<string, string | Bytes> => {
  const own = Object.entries(instance.items)
  const unset = own.filter(([, value]) => value === null).map(([path]) => path.replace(/\/$/, ''))
  const isUnset = (path: string): boolean =>
    unset.some((top) => path === top || path.startsWith(`${top}/`))
  const set = new Map<string, string | Bytes>()
  for (const [path, value] of [...valuesByPath(instance, moment), ...own]) {
    if (value !== undefined && value !== null && !isUnset(path)) set.set(path, value)
  }
  return set
}
