// The data of an emulated instance.

import type { Bytes } from '../base/bytes.ts'
import type { SpotTermination, SystemEvent } from './instance-description.ts'

/** A network interface of an emulated instance; all of one instance are in its vSwitch. */
export interface EmulatedInterface {
  /** MAC address. */
  readonly mac: string
  /** Id of the interface. */
  readonly networkInterfaceId: string
  /** Its first private address. */
  readonly primaryIpAddress: string
  /** Its IPv6 address; absent if it has none. */
  readonly ipv6Address?: string | undefined
  /** The block of private addresses that is assigned to it; absent if there is none. */
  readonly ipv4Prefix?: string | undefined
  /** The block of IPv6 addresses that is assigned to it; absent if there is none. */
  readonly ipv6Prefix?: string | undefined
}

/** A disk; its id is `d-` and the serial number. */
export interface EmulatedDisk {
  /** Serial number. */
  readonly serial: string
  /** Name; `undefined` if it has none. */
  readonly name: string | undefined
}

/** An emulated instance. */
export interface EmulatedInstance {
  /** The fields of the identity document, in the order of ECS. */
  readonly document: Readonly<Record<string, string>>
  /** Id of the instance. */
  readonly instanceId: string
  /** Id of the account that owns it. */
  readonly ownerAccountId: string
  /** Host name. */
  readonly hostname: string
  /** Name of the instance. */
  readonly instanceName: string
  /** Id of its VPC. */
  readonly vpcId: string
  /** The block of private addresses that the vSwitch is in. */
  readonly vpcCidrBlock: string
  /** Id of its vSwitch. */
  readonly vswitchId: string
  /** The block of private addresses of the vSwitch. */
  readonly vswitchCidrBlock: string
  /** The first one's; its MAC and address are the document's. */
  readonly networkInterfaceId: string
  /** Its network interfaces, 1 to 8. */
  readonly networkInterfaces: readonly EmulatedInterface[]
  /** The block of IPv6 addresses of the vSwitch, if it has one. */
  readonly vswitchIpv6CidrBlock: string | undefined
  /** Its public address; `undefined` if it has none. */
  readonly publicIpv4: string | undefined
  /** Lines as in `authorized_keys`. */
  readonly publicKeys: readonly string[]
  /** The first public key is listed by this id, too. */
  readonly keyPairId: string | undefined
  /** Its disks. */
  readonly disks: readonly EmulatedDisk[]
  /** Its tags, by key. */
  readonly tags: Readonly<Record<string, string>>
  /** Its user data; `undefined` if there is none. */
  readonly userData: string | Bytes | undefined
  /** Names of its RAM roles. */
  readonly ramRoles: readonly string[]
  /** When it is stopped as a spot instance; `undefined` if it is not. */
  readonly spotTermination: SpotTermination | undefined
  /** Its system events. */
  readonly systemEvents: readonly SystemEvent[]
  /** Items with another value, by path: a text, or `null` for a 404. */
  readonly items: Readonly<Record<string, string | null>>
}
