// Which tokens are shown to the door. Each is made when its turn comes: a door may accept a token only once.

import type { KeyObject } from 'node:crypto'
import { readUnverified } from '../../token/unverified.ts'
import {
  BAD_TOKEN_NAMES,
  type BadTokenName,
  FORGED_NAMES,
  checkOf,
  forgeBadToken,
  makeBadToken,
} from './bad-tokens.ts'
import type { Check } from './checks.ts'

/** The name of what is shown: a bad token, or no token at all. */
export type ShotName = BadTokenName | 'no token' | 'not a token'

/** One thing that is shown to the door. */
export interface Shot {
  readonly name: ShotName
  readonly check: Check
  /** Gives the token; `undefined`: none is shown. */
  readonly token: () => string | undefined
  /** Its `exp`, in seconds since 1970. A refusal after it proves nothing. Default: `exp` does not matter. */
  readonly expires?: number | undefined
}

/** One that is left out, and what it needs. */
export interface LeftOut {
  readonly name: ShotName
  readonly needs: string
}

/** What is shown, in order, and what is not. */
export interface Plan {
  readonly shots: readonly Shot[]
  readonly leftOut: readonly LeftOut[]
}

const WITHOUT_TOKEN: readonly Shot[] = [
  { name: 'no token', check: 'presence', token: () => undefined },
  { name: 'not a token', check: 'presence', token: () => 'not-a-token' },
]

const shot = (name: BadTokenName, token: () => string, expires?: number): Shot => ({
  name,
  check: checkOf(name),
  token,
  expires,
})

const expiryOf = (token: string): number | undefined => {
  const exp = readUnverified(token)?.claims['exp']
  return typeof exp === 'number' ? exp : undefined
}

/** All of them, signed by the key of a test issuer. @param good makes a new good token */
export const planOfTestIssuer = (good: () => string, privateKey: KeyObject): Plan => ({
  shots: [
    ...WITHOUT_TOKEN,
    ...BAD_TOKEN_NAMES.map((name) => shot(name, () => makeBadToken(name, good(), privateKey))),
  ],
  leftOut: [],
})

/** Tokens of the real issuer that the user has. */
export type GivenTokens = Readonly<
  Partial<Record<'expired' | 'bound to a key' | 'another aud', string>>
>

const OPTION_OF = {
  expired: '--expired-token FILE',
  'bound to a key': '--bound-token FILE',
  'another aud': '--other-audience-token FILE',
} as const

const isGiven = (name: BadTokenName): name is keyof typeof OPTION_OF => name in OPTION_OF

/** What needs no key of the issuer: forged tokens, and tokens that the user has. */
export const planWithoutKey = (good: string, publicKey: KeyObject, given: GivenTokens): Plan => {
  const shots: Shot[] = [...WITHOUT_TOKEN]
  const leftOut: LeftOut[] = []
  for (const name of BAD_TOKEN_NAMES) {
    if (FORGED_NAMES.includes(name)) {
      shots.push(shot(name, () => forgeBadToken(name, good, publicKey), expiryOf(good)))
    } else if (!isGiven(name)) {
      leftOut.push({ name, needs: '--test-issuer PORT' })
    } else {
      const token = given[name]
      if (token === undefined) leftOut.push({ name, needs: OPTION_OF[name] })
      else shots.push(shot(name, () => token, name === 'expired' ? undefined : expiryOf(token)))
    }
  }
  return { shots, leftOut }
}
