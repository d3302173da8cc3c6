// Which tokens each role gives, for whom, and whether they are bound to a key. The words are for the person who
// writes the policy. Pure.

import { isAlwaysBound } from './audiences.ts'
import type { Policy, Role } from './policy.ts'

/** When a token is bound to a key. */
export type Bound = 'always' | 'if_proved' | 'never'

/** A kind of token that a role gives. */
export interface RoleTokens {
  readonly role: string
  /** How a client gets them. */
  readonly by: 'enrollment' | 'exchange'
  /** The `aud` claim. */
  readonly audience: readonly string[]
  /** How long each token is valid at most. */
  readonly lifetimeSeconds: number
  readonly bound: Bound
  /** What that means, in a phrase without a full stop. */
  readonly meaning: string
}

const ENROLLED: Readonly<Record<'always' | 'if_proved', string>> = {
  always: 'always; a thief needs the key wherever cnf is checked',
  if_proved: 'if the client proves a key; a service that accepts bearer tokens does not check it',
}

const EXCHANGED: Readonly<Record<'always' | 'never', string>> = {
  always: 'always, to the key of the enrollment',
  never: 'never: a bearer token, for this audience alone',
}

const tokensOfRole = (role: Role): readonly RoleTokens[] => {
  const own = isAlwaysBound(role) ? 'always' : 'if_proved'
  const { audience, lifetimeSeconds } = role.token
  return [
    {
      role: role.name,
      by: 'enrollment',
      audience,
      lifetimeSeconds,
      bound: own,
      meaning: ENROLLED[own],
    },
    ...role.exchange.map((entry): RoleTokens => {
      const bound = entry.binding === 'dpop' ? 'always' : 'never'
      return {
        role: role.name,
        by: 'exchange',
        audience: [entry.audience],
        lifetimeSeconds: Math.min(entry.lifetimeSeconds, lifetimeSeconds),
        bound,
        meaning: EXCHANGED[bound],
      }
    }),
  ]
}

/** Lists the tokens of each role, in the order of the policy: those of enrollments, then those of exchanges. */
export const tokensOf = ({ roles }: Policy): readonly RoleTokens[] => roles.flatMap(tokensOfRole)
