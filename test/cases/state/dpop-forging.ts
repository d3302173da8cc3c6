// How proofs are forged: each is a good one with one thing changed.

import type { Expected } from './answer.ts'
import type { TestKey } from './independent-jws.ts'
import { type ProofChanges, makeProof } from './proofs.ts'
import { ISSUER } from './constants.ts'

/** What a change starts from. */
export interface ProofParts {
  readonly key: TestKey
  readonly other: TestKey
  readonly nonce: string
  /** Another challenge of this service, for the same role and key. */
  readonly otherNonce: string
  /** Where the service really listens. */
  readonly url: string
}

/** Makes a proof that must be refused. */
export type Forge = (parts: ProofParts) => string

/** Forgeries, by what they are called, and how each is refused. */
export type Forgeries = readonly (readonly [name: string, forge: Forge, expected: Expected])[]

/** A proof with members changed. */
export const changed =
  (changes: ProofChanges): Forge =>
  ({ key, nonce }) =>
    makeProof(key, ISSUER, nonce, changes)

/** With one claim changed. */
export const claim = (name: string, value: unknown): Forge => changed({ claims: { [name]: value } })
/** With one member of the header changed. */
export const header = (name: string, value: unknown): Forge =>
  changed({ header: { [name]: value } })
