// Every documented item of the metadata service, once: the client's accessors, the emulator's answers
// and what to say about a 404 all come from this table, so that they can't drift apart.
// https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata

/**
 * How an item's text is read: as it is; as a number; as lines; as JSON; as a UTC time, into Unix
 * seconds; as a listing, into names.
 */
export type ItemForm = 'text' | 'number' | 'lines' | 'json' | 'time' | 'names'

/** One documented item. */
export interface Item {
  /** Below the version; with a slash at its end if it is a folder. */
  readonly path: string
  readonly form: ItemForm
  /** What it is, in a few words. */
  readonly what: string
  /** What an instance needs to have it, for those that not every instance has. */
  readonly needs?: string
}

/** The items, by the names of the client's accessors. */
export const ITEMS = {
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
  instanceType: { path: 'meta-data/instance/instance-type', form: 'text', what: 'instance type' },
  maxEgressKbits: {
    path: 'meta-data/instance/max-netbw-egress',
    form: 'number',
    what: 'most that it sends inside of the cloud, in Kbit/s',
  },
  maxIngressKbits: {
    path: 'meta-data/instance/max-netbw-ingress',
    form: 'number',
    what: 'most that it receives inside of the cloud, in Kbit/s',
  },
  spotTerminationTime: {
    path: 'meta-data/instance/spot/termination-time',
    form: 'time',
    what: 'when a spot instance will be stopped',
    needs: 'a spot instance that is marked to be stopped; this one is none, or is not marked',
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
    path: 'meta-data/eipv4',
    form: 'text',
    what: 'public address',
    needs: 'a public address: give the instance one, or bind an elastic IP to its first interface',
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
    what: 'server that is told how updates went',
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

/** The items of one network interface, below {@link interfacePath}. */
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
} as const

/** The name of an item. */
export type ItemName = keyof typeof ITEMS
/** The name of an item of a network interface. */
export type InterfaceItemName = keyof typeof INTERFACE_ITEMS

const ALL: readonly Item[] = /* @__PURE__ */ Object.values(ITEMS)

/** The folder of a network interface, without a slash at its end. */
export const interfacePath = (mac: string): string => `${ITEMS.macs.path}${mac}`

/** Where a key pair's public key is. */
export const publicKeyPath = (name: string): string =>
  `${ITEMS.publicKeyNames.path}${name}/openssh-key`

/** Where the credentials of a RAM role are. */
export const ramCredentialsPath = (role: string): string => `${ITEMS.ramRoleNames.path}${role}`

/**
 * Whether a path names credentials of a RAM role: a secret that acts in the cloud as the instance. Case
 * does not matter: whether it does to the service is not documented.
 */
export const isSecretPath = (path: string): boolean => {
  const folder = ITEMS.ramRoleNames.path
  return path.length > folder.length && path.toLowerCase().startsWith(folder)
}

/** The documented item at a path below the version, if there is one. */
export const itemAt = (path: string): Item | undefined => ALL.find((item) => item.path === path)

const withSlash = (path: string): string => (path.endsWith('/') || path === '' ? path : `${path}/`)

/**
 * What to do about a 404.
 * @param path below the version
 * @returns a sentence without a full stop
 */
export const remedyOf = (path: string): string => {
  const asked = withSlash(path)
  const item =
    ALL.find((item) => withSlash(item.path) === asked) ??
    // Below a folder that is not there, or the folder of an item that is not there.
    ALL.find(({ path, needs }) => needs && path.endsWith('/') && asked.startsWith(path)) ??
    ALL.find(({ path, needs }) => needs && asked !== '' && path.startsWith(asked))
  if (item?.needs !== undefined) return `it needs ${item.needs}`
  return item === undefined
    ? 'nothing of that name is documented; the listing of its folder shows what there is'
    : 'every ECS instance in a VPC has it; check that this is the metadata service of ECS'
}
