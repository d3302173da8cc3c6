// The items of the metadata service that this version knows. The client's accessors, the emulator's
// answers and the texts about a 404 all come from this table, so that they agree. The list of ECS
// grows. https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata

/**
 * How an item's text is read: as it is; as a number; as lines; as JSON; as a UTC time, into Unix
 * seconds; as a listing, into names; as addresses or blocks of them, with or without brackets and quotes.
 */
export type ItemForm = 'text' | 'number' | 'lines' | 'json' | 'time' | 'names' | 'addresses'

/** One item. */
export interface Item {
  /** Below the version; with a slash at its end if it is a folder. */
  readonly path: string
  /** How its text is read. */
  readonly form: ItemForm
  /** What it is, in a few words. */
  readonly what: string
  /** What an instance needs to have it; absent if every instance has it. */
  readonly needs?: string
  /** Whether the documentation lacks it, although other clients read it. Default: false. */
  readonly isUndocumented?: true
}

/** The items, by the names of the client's accessors. */
export const ITEMS = {
  everything: {
    path: 'meta-data/all',
    form: 'json',
    what: 'all of meta-data as one JSON object',
    needs: 'a metadata service that has it; the folder meta-data/ has the items one by one',
    isUndocumented: true,
  },
  diskSerials: { path: 'meta-data/disks/', form: 'names', what: 'serial numbers of the disks' },
  hibernationConfigured: {
    path: 'meta-data/hibernation/configured',
    form: 'text',
    what: 'whether it can hibernate: true or false',
    needs: 'a metadata service that has it; the documentation does not list it',
    isUndocumented: true,
  },
  nameservers: { path: 'meta-data/dns-conf/nameservers', form: 'lines', what: 'DNS servers' },
  hostname: { path: 'meta-data/hostname', form: 'text', what: 'host name as ordered' },
  imageId: { path: 'meta-data/image-id', form: 'text', what: 'image of the system disk' },
  marketplaceProductCode: {
    path: 'meta-data/image/market-place/product-code',
    form: 'text',
    what: 'product code of a Marketplace image',
    needs: 'an image of the Marketplace; other images have no such code',
  },
  marketplaceChargeType: {
    path: 'meta-data/image/market-place/charge-type',
    form: 'text',
    what: 'how a Marketplace image is paid',
    needs: 'an image of the Marketplace; other images have no such code',
  },
  instanceId: { path: 'meta-data/instance-id', form: 'text', what: 'id of the instance' },
  instanceName: {
    path: 'meta-data/instance/instance-name',
    form: 'text',
    what: 'name of the instance',
  },
  instanceType: { path: 'meta-data/instance/instance-type', form: 'text', what: 'instance type' },
  maxEgressKbits: {
    path: 'meta-data/instance/max-netbw-egress',
    form: 'number',
    what: 'most that it sends within the cloud, in Kbit/s',
  },
  maxIngressKbits: {
    path: 'meta-data/instance/max-netbw-ingress',
    form: 'number',
    what: 'most that it receives within the cloud, in Kbit/s',
  },
  spotTerminationTime: {
    path: 'meta-data/instance/spot/termination-time',
    form: 'time',
    what: 'when a spot instance will be stopped',
    needs: 'a spot instance that is marked to be stopped',
  },
  virtualizationSolution: {
    path: 'meta-data/instance/virtualization-solution',
    form: 'text',
    what: 'virtualization',
  },
  virtualizationSolutionVersion: {
    path: 'meta-data/instance/virtualization-solution-version',
    form: 'text',
    what: 'version of the virtualization',
  },
  kmsServer: {
    path: 'meta-data/kms-server',
    form: 'text',
    what: 'server that activates Windows',
    needs: 'a Windows instance',
  },
  mac: { path: 'meta-data/mac', form: 'text', what: 'MAC of the first network interface' },
  networkType: { path: 'meta-data/network-type', form: 'text', what: 'kind of network' },
  macs: {
    path: 'meta-data/network/interfaces/macs/',
    form: 'names',
    what: 'MACs of all network interfaces',
  },
  ntpServers: { path: 'meta-data/ntp-conf/ntp-servers', form: 'lines', what: 'NTP servers' },
  ownerAccountId: {
    path: 'meta-data/owner-account-id',
    form: 'text',
    what: 'account that owns it',
  },
  privateIpv4: { path: 'meta-data/private-ipv4', form: 'text', what: 'private address' },
  publicIpv4: {
    path: 'meta-data/public-ipv4',
    form: 'text',
    what: 'public address',
    needs: 'a public address: give the instance one, or bind an elastic IP to its first interface',
  },
  elasticIpv4: {
    path: 'meta-data/eipv4',
    form: 'text',
    what: 'public address that is static, or an elastic IP',
    needs: 'a public address: give the instance one, or bind an elastic IP to its first interface',
  },
  subPrivateIpv4s: {
    path: 'meta-data/sub-private-ipv4-list',
    form: 'addresses',
    what: 'further private addresses of the first network interface',
    needs: 'a metadata service that has it; the documentation does not list it',
    isUndocumented: true,
  },
  publicKeyNames: {
    path: 'meta-data/public-keys/',
    form: 'names',
    what: 'SSH key pairs',
    needs: 'a key pair: bind one, then stop and start the instance',
  },
  ramRoleNames: {
    path: 'meta-data/ram/security-credentials/',
    form: 'names',
    what: 'RAM roles',
    needs: 'a RAM role: attach one to the instance',
  },
  tagKeys: {
    path: 'meta-data/tags/instance/',
    form: 'names',
    what: 'keys of the tags',
    needs: 'a tag, and InstanceMetadataTags=enabled (ModifyInstanceMetadataOptions)',
  },
  regionId: { path: 'meta-data/region-id', form: 'text', what: 'region' },
  serialNumber: { path: 'meta-data/serial-number', form: 'text', what: 'serial number' },
  sourceAddress: {
    path: 'meta-data/source-address',
    form: 'text',
    what: 'mirror of Linux packages',
  },
  vpcCidrBlock: { path: 'meta-data/vpc-cidr-block', form: 'text', what: 'addresses of the VPC' },
  vpcId: { path: 'meta-data/vpc-id', form: 'text', what: 'VPC' },
  vswitchCidrBlock: {
    path: 'meta-data/vswitch-cidr-block',
    form: 'text',
    what: 'addresses of the vSwitch',
  },
  vswitchId: { path: 'meta-data/vswitch-id', form: 'text', what: 'vSwitch' },
  updateServer: {
    path: 'meta-data/wsus-server/wu-server',
    form: 'text',
    what: 'server that updates Windows',
    needs: 'a Windows instance',
  },
  updateStatusServer: {
    path: 'meta-data/wsus-server/wu-status-server',
    form: 'text',
    what: 'server that collects the results of updates',
    needs: 'a Windows instance',
  },
  zoneId: { path: 'meta-data/zone-id', form: 'text', what: 'zone' },
  activeSystemEvents: {
    path: 'maintenance/active-system-events',
    form: 'json',
    what: 'system events that are planned or under way',
    needs: 'a system event; none is planned or under way',
  },
  userData: {
    path: 'user-data',
    form: 'text',
    what: 'what the instance was given to run at its first start',
    needs: 'user data, which is given when the instance is created; this one was given none',
  },
  vendorData: {
    path: 'vendor-data',
    form: 'text',
    what: 'what the cloud gives cloud-init to run, beside user data',
    needs: 'vendor data, which the cloud gives to some instances',
    isUndocumented: true,
  },
  identityDocument: {
    path: 'dynamic/instance-identity/document',
    form: 'text',
    what: 'identity document',
  },
  identitySignature: {
    path: 'dynamic/instance-identity/pkcs7',
    form: 'text',
    what: 'signature over the identity document and ?audience=',
  },
} as const

/** The items of one network interface, below `meta-data/network/interfaces/macs/MAC/`. */
export const INTERFACE_ITEMS = {
  gateway: { path: 'gateway', form: 'text', what: 'gateway of the VPC' },
  netmask: { path: 'netmask', form: 'text', what: 'netmask' },
  networkInterfaceId: { path: 'network-interface-id', form: 'text', what: 'id' },
  primaryIpAddress: { path: 'primary-ip-address', form: 'text', what: 'first private address' },
  privateIpv4s: { path: 'private-ipv4s', form: 'json', what: 'all private addresses' },
  vpcCidrBlock: { path: 'vpc-cidr-block', form: 'text', what: 'addresses of the VPC' },
  vpcId: { path: 'vpc-id', form: 'text', what: 'VPC' },
  vswitchCidrBlock: { path: 'vswitch-cidr-block', form: 'text', what: 'addresses of the vSwitch' },
  vswitchId: { path: 'vswitch-id', form: 'text', what: 'vSwitch' },
  ipv4Prefixes: {
    path: 'ipv4-prefixes',
    form: 'addresses',
    what: 'blocks of private addresses that are assigned to it',
    needs: 'a prefix of addresses: assign one to the network interface',
  },
  ipv6s: {
    path: 'ipv6s',
    form: 'addresses',
    what: 'IPv6 addresses',
    needs: 'IPv6: switch it on for the VPC and the vSwitch, and give the interface an address',
  },
  ipv6Prefixes: {
    path: 'ipv6-prefixes',
    form: 'addresses',
    what: 'blocks of IPv6 addresses that are assigned to it',
    needs: 'a prefix of addresses: assign one to the network interface',
  },
  ipv6Gateway: {
    path: 'ipv6-gateway',
    form: 'text',
    what: 'IPv6 gateway',
    needs: 'IPv6: switch it on for the VPC and the vSwitch, and give the interface an address',
  },
  vswitchIpv6CidrBlock: {
    path: 'vswitch-ipv6-cidr-block',
    form: 'text',
    what: 'IPv6 addresses of the vSwitch',
    needs: 'IPv6: switch it on for the VPC and the vSwitch, and give the interface an address',
  },
  vpcIpv6CidrBlocks: {
    path: 'vpc-ipv6-cidr-blocks',
    form: 'addresses',
    what: 'IPv6 addresses of the VPC',
    needs: 'IPv6: switch it on for the VPC and the vSwitch, and give the interface an address',
  },
} as const

/** The items of one disk, below {@link ITEMS.diskSerials} and its serial number. */
export const DISK_ITEMS = {
  id: { path: 'id', form: 'text', what: 'id of the disk' },
  name: {
    path: 'name',
    form: 'text',
    what: 'name of the disk',
    needs: 'a name of the disk: give it one',
  },
} as const

/** The name of an item. */
export type ItemName = keyof typeof ITEMS
/** The name of an item of a network interface. */
export type InterfaceItemName = keyof typeof INTERFACE_ITEMS
