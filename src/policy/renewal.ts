// What each rule of `reenrollment` means for an instance that needs a new token before the old one expires.
// The words are for the person who writes the policy. Pure.

import type { Policy, Reenrollment } from './policy.ts'

/** What a rule means for renewal. */
interface Renewal {
  /** Whether an instance whose key and image stay the same gets a second token. */
  readonly renewable: boolean
  /** When an instance gets a second token, in a sentence without a full stop. */
  readonly meaning: string
}

/** Renewal by rule. The page of the policy language has the same sentences. */
export const RENEWALS: Readonly<Record<Reenrollment, Renewal>> = {
  always: { renewable: true, meaning: 'at any time, with fresh evidence' },
  same_key: {
    renewable: true,
    meaning: 'with the key of the first enrollment (rollcall enroll --dpop-key FILE)',
  },
  new_image: {
    renewable: false,
    meaning: 'not before the image id changes, or an operator resets the instance',
  },
  never: {
    renewable: false,
    meaning: 'one token only; then an operator must reset the instance',
  },
}

/** Renewal in one role. */
export interface RoleRenewal extends Renewal {
  readonly role: string
  readonly reenrollment: Reenrollment
  /** How long each token is valid. */
  readonly lifetimeSeconds: number
}

/** Lists what renewal means in each role of a policy, in the order of the policy. */
export const renewalsOf = ({ roles }: Policy): readonly RoleRenewal[] =>
  roles.map(({ name, reenrollment, token }) => ({
    role: name,
    reenrollment,
    lifetimeSeconds: token.lifetimeSeconds,
    ...RENEWALS[reenrollment],
  }))
