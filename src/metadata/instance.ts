// Emulated instances, made up from a seed: the same seed makes the same instances, however many are
// asked for. What tells instances apart (ids, addresses, serial numbers, names, images) differs from
// instance to instance and from seed to seed; regions, zones and types are real ones, and shared.

import { utf8 } from '../bytes.ts'

/** What the metadata service knows of one instance. */
export interface EmulatedInstance {
  /** The fields of the identity document, in the order of ECS. */
  readonly document: Readonly<Record<string, string>>
  readonly instanceId: string
  readonly ownerAccountId: string
  readonly hostname: string
  readonly vpcId: string
  readonly vswitchId: string
  readonly networkInterfaceId: string
  /** The /24 of the private address, as CIDR. */
  readonly vswitchCidrBlock: string
}

const words = (text: string): string[] => text.trim().split(/\s+/)

const REGIONS = /* @__PURE__ */ words(`
  cn-hangzhou cn-shanghai cn-beijing cn-shenzhen cn-qingdao cn-zhangjiakou cn-huhehaote cn-heyuan
  cn-wulanchabu cn-guangzhou cn-chengdu cn-hongkong ap-southeast-1 ap-southeast-3 ap-southeast-5
  ap-southeast-6 ap-southeast-7 ap-northeast-1 ap-northeast-2 us-east-1 us-west-1 eu-central-1
  eu-west-1`)
const FAMILIES = /* @__PURE__ */ words('c6 c7 c8i c8y g6 g6e g7 g8a g8i g8y r6 r7 r8i')
const SIZES = /* @__PURE__ */ words('large xlarge 2xlarge 4xlarge 8xlarge')

const DIGITS = '0123456789'
const HEX = `${DIGITS}abcdef`
const ALPHANUMERIC = `${DIGITS}abcdefghijklmnopqrstuvwxyz`

/** Draws numbers that look random, and are always the same for the same seed and label. */
interface Dice {
  /** A number from 0 to `bound` - 1; `bound` at most 256. */
  below(bound: number): number
  pick(choices: readonly string[]): string
  text(alphabet: string, length: number): string
}

const DICE_BYTES = 512

const createDice = async (seed: CryptoKey, label: string): Promise<Dice> => {
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: utf8(''), info: utf8(label) }
  const bytes = new Uint8Array(await crypto.subtle.deriveBits(hkdf, seed, DICE_BYTES * 8))
  let at = 0
  const below = (bound: number): number => (bytes[at++] as number) % bound
  return {
    below,
    pick: (choices) => choices[below(choices.length)] as string,
    text: (alphabet, length) =>
      Array.from({ length }, () => alphabet[below(alphabet.length)]).join(''),
  }
}

const makeAccount = (dice: Dice): string => `1${dice.text(DIGITS, 15)}`

const makeInstance = (dice: Dice, ownerAccountId: string): EmulatedInstance => {
  const suffix = (): string => `bp1${dice.text(ALPHANUMERIC, 17)}`
  const hex = (length: number): string => dice.text(HEX, length)
  const id = suffix()
  const instanceId = `i-${id}`
  const region = dice.pick(REGIONS)
  // cn-hangzhou-h, but ap-southeast-1a.
  const zone = `${region}${/\d$/.test(region) ? '' : '-'}${dice.text('abcdefghijkl', 1)}`
  const network = `10.${dice.below(256)}.${dice.below(256)}`
  return {
    instanceId,
    ownerAccountId,
    hostname: `iZ${id}Z`,
    vpcId: `vpc-${suffix()}`,
    vswitchId: `vsw-${suffix()}`,
    networkInterfaceId: `eni-${suffix()}`,
    vswitchCidrBlock: `${network}.0/24`,
    document: {
      'zone-id': zone,
      'serial-number': [8, 4, 4, 4, 12].map(hex).join('-'),
      'instance-id': instanceId,
      'region-id': region,
      // The last three addresses of a network are the cloud's own.
      'private-ipv4': `${network}.${1 + dice.below(252)}`,
      'owner-account-id': ownerAccountId,
      mac: `00:16:3e:${[2, 2, 2].map(hex).join(':')}`,
      'image-id': `m-${suffix()}`,
      'instance-type': `ecs.${dice.pick(FAMILIES)}.${dice.pick(SIZES)}`,
    },
  }
}

/** How instances are made up. */
export interface InstanceOptions {
  readonly seed: string
  readonly count: number
  /** How many accounts own them, in turn. */
  readonly accounts: number
}

/** Makes up instances. */
export const makeInstances = async ({
  seed,
  count,
  accounts,
}: InstanceOptions): Promise<EmulatedInstance[]> => {
  const material = utf8(`rollcall-emulator-v1\n${seed}`)
  const key = await crypto.subtle.importKey('raw', material, 'HKDF', false, ['deriveBits'])
  const owners: string[] = []
  for (let i = 0; i < Math.min(accounts, count); i++) {
    owners.push(makeAccount(await createDice(key, `account ${i}`)))
  }
  const instances: EmulatedInstance[] = []
  const taken = new Set<string>()
  for (let draw = 0; instances.length < count; draw++) {
    const owner = owners[instances.length % owners.length] as string
    const instance = makeInstance(await createDice(key, `instance ${draw}`), owner)
    // Only these two are short enough to be drawn twice.
    const addresses = ['mac', 'private-ipv4'].map((field) => instance.document[field] as string)
    if (addresses.some((address) => taken.has(address))) continue
    for (const address of addresses) taken.add(address)
    instances.push(instance)
  }
  return instances
}
