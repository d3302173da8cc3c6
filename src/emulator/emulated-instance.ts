// What the metadata service knows of an emulated instance.

import type { Bytes } from '../base/bytes.ts'
import type { SpotTermination, SystemEvent } from './instance-description.ts'

/** A network interface of an emulated instance; all of one instance are in its vSwitch. */
export interface EmulatedInterface {
  readonly mac: string
  readonly networkInterfaceId: string
  readonly primaryIpAddress: string
  readonly ipv6Address?: string | undefined
  readonly ipv4Prefix?: string | undefined
  readonly ipv6Prefix?: string | undefined
}

/** A disk; its id is `d-` and the serial number. */
export interface EmulatedDisk {
  readonly serial: string
  readonly name: string | undefined
}

/** An emulated instance. */
export interface EmulatedInstance {
  /** The fields of the identity document, in the order of ECS. */
  readonly document: Readonly<Record<string, string>>
  readonly instanceId: string
  readonly ownerAccountId: string
  readonly hostname: string
  readonly instanceName: string
  readonly vpcId: string
  /** The block of private addresses that the vSwitch is in. */
  readonly vpcCidrBlock: string
  readonly vswitchId: string
  readonly vswitchCidrBlock: string
  /** The first one's; its MAC and address are the document's. */
  readonly networkInterfaceId: string
  readonly networkInterfaces: readonly EmulatedInterface[]
  /** The block of IPv6 addresses of the vSwitch, if it has one. */
  readonly vswitchIpv6CidrBlock: string | undefined
  readonly publicIpv4: string | undefined
  readonly publicKeys: readonly string[]
  /** The first public key is listed by this id, too. */
  readonly keyPairId: string | undefined
  readonly disks: readonly EmulatedDisk[]
  readonly tags: Readonly<Record<string, string>>
  readonly userData: string | Bytes | undefined
  readonly ramRoles: readonly string[]
  readonly spotTermination: SpotTermination | undefined
  readonly systemEvents: readonly SystemEvent[]
  /** Items that are otherwise, by path: a text, or `null` for a 404. */
  readonly items: Readonly<Record<string, string | null>>
}
