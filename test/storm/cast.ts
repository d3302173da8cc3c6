// Who boots in a storm: honest instances and dishonest ones, drawn from a seed, and the policy that admits the honest.

import { makeInstances } from '../../src/emulator/make-instances.ts'
import { type Random, pick, seededRandom } from '../support/random.ts'
import { DISHONEST_KINDS, type DishonestKind } from './dishonest.ts'
import type { StormOptions } from './options.ts'

/** An instance of a storm. */
export interface Actor {
  readonly kind: 'honest' | DishonestKind
  readonly role: Role
  /** The identity document, as the metadata service answers it. */
  readonly document: string
  readonly account: string
  readonly region: string
  readonly instanceId: string
  /** When it boots, in seconds from the beginning. */
  readonly startSeconds: number
}

/** The roles: `node` admits an instance once, `bound-node` by the key of its first enrollment. */
export type Role = 'node' | 'bound-node'

/** The audience of all tokens. */
export const AUDIENCE = 'https://cluster.example'
/** The image that is banned. */
export const BANNED_IMAGE = 'm-stormbanned'

const ACCOUNT = '1609123456789012'
/** No role of the policy names it. */
const OTHER_ACCOUNT = '1999999999999999'
const BOUND_PERCENT = 10
/** Instances that are drawn at a time. */
const BATCH = 1000
/** Thieves need somebody who enrolled before them. */
const FIRST_THIEF_AT = 0.1

/**
 * The policy of a storm.
 * @param open whether it also admits the account that the checks take for a stranger's: a mistake that they must find
 */
export const stormPolicy = (open = false): object => {
  const role = (reenrollment: string): object => ({
    match: { owner_account_id: open ? [ACCOUNT, OTHER_ACCOUNT] : [ACCOUNT] },
    token: { audience: [AUDIENCE] },
    reenrollment,
  })
  // Bound tokens have an audience of their own: the policy refuses one that unbound tokens have too.
  const bound = { ...role('same_key'), token: { audience: [`${AUDIENCE}/bound`] } }
  return { roles: { node: role('never'), 'bound-node': bound } }
}

/** The audience of a role's tokens. */
export const audienceOf = (role: Role): string => (role === 'node' ? AUDIENCE : `${AUDIENCE}/bound`)

const drawKind = (random: Random, { dishonestPercent }: StormOptions): Actor['kind'] =>
  random(100) < dishonestPercent ? pick(random, DISHONEST_KINDS) : 'honest'

const drawRole = (random: Random, kind: Actor['kind'], index: number): Role => {
  if (index < 2) return index === 0 ? 'node' : 'bound-node'
  if (kind === 'stolen-bound') return 'bound-node'
  return kind === 'honest' && random(100) < BOUND_PERCENT ? 'bound-node' : 'node'
}

/** Draws the instances of a storm, in the order in which they boot. */
export const drawCast = async (options: StormOptions): Promise<readonly Actor[]> => {
  const { instances, seconds, seed } = options
  const random = seededRandom(seed)
  const fraction = (): number => random(1_000_000) / 1_000_000
  const cast: Actor[] = []
  for (let batch = 0; cast.length < instances; batch++) {
    // The first two are honest, one of each role: thieves need somebody to rob.
    const kinds = Array.from({ length: Math.min(BATCH, instances - cast.length) }, (_, index) =>
      cast.length + index < 2 ? 'honest' : drawKind(random, options),
    )
    const descriptions = kinds.map((kind) => ({
      'owner-account-id': kind === 'other-account' ? OTHER_ACCOUNT : ACCOUNT,
      ...(kind === 'banned-image' && { 'image-id': BANNED_IMAGE }),
    }))
    const made = await makeInstances({
      seed: `storm ${seed} ${batch}`,
      instances: descriptions,
      accounts: 1,
      allItems: false,
    })
    for (const [index, { document, instanceId, ownerAccountId }] of made.entries()) {
      const kind = kinds[index] ?? 'honest'
      const from = kind === 'honest' ? 0 : FIRST_THIEF_AT
      cast.push({
        kind,
        role: drawRole(random, kind, cast.length),
        document: JSON.stringify(document),
        account: ownerAccountId,
        region: document['region-id'] ?? '',
        instanceId,
        startSeconds: seconds * (from + (1 - from) * fraction()),
      })
    }
  }
  return cast.toSorted((a, b) => a.startSeconds - b.startSeconds)
}
