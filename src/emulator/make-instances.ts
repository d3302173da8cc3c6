// The instances of an emulator. The same seed makes the same instances, whatever their number. Ids,
// addresses, serial numbers, names and images differ between instances and between seeds.

import { ConfigurationError } from '../base/errors.ts'
import { describeAllItems } from './describe-all-items.ts'
import { createSeededRandom, importSeed } from './seeded-random.ts'
import { contradictions, drawAccount, drawInstance } from './draw-instance.ts'
import type { EmulatedInstance } from './emulated-instance.ts'
import type { InstanceDescription } from './instance-description.ts'

/** How to make instances. */
export interface InstanceOptions {
  readonly seed: string
  /** How many to make up, or a description of each. */
  readonly instances: number | readonly InstanceDescription[]
  /** How many accounts own them, in turn. */
  readonly accounts: number
  /** Whether instances have every known item that their description does not mention. */
  readonly allItems: boolean
}

/** After so many draws the described vSwitch counts as full. */
const MAX_DRAWS = 100

/** The values that no two instances share. */
const ownValues = ({ document, networkInterfaces }: EmulatedInstance): string[] => [
  document['instance-id'] as string,
  document['serial-number'] as string,
  ...networkInterfaces.flatMap(({ mac, primaryIpAddress }) => [mac, primaryIpAddress]),
]

/**
 * Makes instances.
 * @throws ConfigurationError for descriptions that contradict themselves or each other
 */
export const makeInstances = async ({
  seed,
  instances: wanted,
  accounts,
  allItems,
}: InstanceOptions): Promise<EmulatedInstance[]> => {
  const key = await importSeed(seed)
  const descriptions = typeof wanted === 'number' ? Array<InstanceDescription>(wanted) : wanted
  const owners: string[] = []
  for (let i = 0; i < Math.min(accounts, descriptions.length); i++) {
    owners.push(drawAccount(await createSeededRandom(key, `account ${i}`)))
  }
  const instances: EmulatedInstance[] = []
  const taken = new Set<string>()
  const problems: string[] = []
  let draws = 0
  for (let draw = 0; instances.length < descriptions.length; draw++) {
    const at = instances.length
    const random = await createSeededRandom(key, `instance ${draw}`)
    const described = descriptions[at] ?? {}
    const hasMore = allItems || (described['network-interfaces'] ?? 1) > 1
    const more = hasMore ? await createSeededRandom(key, `more ${draw}`) : random
    const description = allItems ? { ...describeAllItems(more), ...described } : described
    const owner = owners[at % owners.length] as string
    const instance = drawInstance(random, more, owner, description, (address) => taken.has(address))
    const own = ownValues(instance)
    const clash = own.find((value, i) => taken.has(value) || own.indexOf(value) !== i)
    const isFixed = clash !== undefined && Object.values(described).includes(clash)
    // Only addresses are short enough for a draw to repeat one.
    if (clash !== undefined && !isFixed && ++draws < MAX_DRAWS) continue
    if (isFixed) problems.push(`instances[${at}]: ${clash} belongs to another instance`)
    else if (clash !== undefined) {
      problems.push(`instances[${at}].vswitch-cidr-block: has no address left`)
    }
    problems.push(...contradictions(instance).map((problem) => `instances[${at}].${problem}`))
    for (const value of own) taken.add(value)
    instances.push(instance)
    draws = 0
  }
  if (problems.length > 0) throw new ConfigurationError(problems)
  return instances
}
