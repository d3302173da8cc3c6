// What all challenges for one purpose have in common: their first half, and most of what their MAC is over. A service
// has about as many purposes as roles, and making this anew takes longer than the MAC itself.

import { type Bytes, utf8 } from '../base/bytes.ts'
import type { CryptoPort } from '../base/crypto.ts'
import { type ChallengePurpose, audienceName } from '../base/wire/audience-name.ts'

/** Bytes of a challenge's expiry, Unix seconds as uint32 big endian. */
export const EXPIRY_BYTES = 4
/** Random bytes of a challenge, which follow its expiry. */
export const RANDOM_BYTES = 6

const LENGTH_BYTES = 4
const MAC_LABEL = /* @__PURE__ */ utf8('rollcall-challenge-v1')

/**
 * How many purposes are kept. Roles come from requests, so there may be more of them than the policy has. A client
 * that sends many roles costs the others one hash a request, as before.
 */
const KEPT = 64

/** A purpose, prepared. */
export interface PreparedPurpose {
  /** The first half of its challenges: see {@link audienceName}. */
  readonly name: string
  /**
   * What the MAC of a challenge is over: each part behind its length, so that no two lists of parts give the same
   * bytes.
   * @param secret begins with the expiry and the random bytes
   */
  macInput(secret: Bytes): Bytes
}

/** The purposes of a service. */
export interface Purposes {
  /** The service's name. */
  readonly issuer: string
  /** Prepares a purpose. */
  prepare(purpose: ChallengePurpose): PreparedPurpose
}

/** Puts a number below 2^32 into four bytes, big endian. */
export const putUint32 = (all: Bytes, at: number, value: number): void => {
  all[at] = value >>> 24
  all[at + 1] = value >>> 16
  all[at + 2] = value >>> 8
  all[at + 3] = value
}

/** Joins parts, each behind its length. */
const withLengths = (parts: readonly Uint8Array[]): Bytes => {
  let length = 0
  for (const part of parts) length += LENGTH_BYTES + part.length
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    putUint32(all, at, part.length)
    all.set(part, at + LENGTH_BYTES)
    at += LENGTH_BYTES + part.length
  }
  return all
}

/**
 * Creates the purposes of a service. Those without a key are kept; a key is for one instance, so nothing is kept of it.
 * @param issuer the service's name
 */
export const createPurposes = (issuer: string, sha256: CryptoPort['sha256']): Purposes => {
  const issuerBytes = utf8(issuer)
  const expiryAt = 3 * LENGTH_BYTES + MAC_LABEL.length + issuerBytes.length
  const randomAt = expiryAt + EXPIRY_BYTES + LENGTH_BYTES
  const empty = [new Uint8Array(EXPIRY_BYTES), new Uint8Array(RANDOM_BYTES)]

  const make = (purpose: ChallengePurpose): PreparedPurpose => {
    const { role = '', jkt = '' } = purpose
    const template = withLengths([MAC_LABEL, issuerBytes, ...empty, utf8(role), utf8(jkt)])
    return {
      name: audienceName(issuer, purpose, sha256),
      macInput(secret) {
        // A copy: a MAC that is made in another thread may read it later.
        const input = new Uint8Array(template)
        for (let i = 0; i < EXPIRY_BYTES; i++) input[expiryAt + i] = secret[i] as number
        for (let i = 0; i < RANDOM_BYTES; i++) {
          input[randomAt + i] = secret[EXPIRY_BYTES + i] as number
        }
        return input
      },
    }
  }

  const kept = new Map<string, PreparedPurpose>()
  return {
    issuer,
    prepare(purpose) {
      const { role = '', jkt = '' } = purpose
      if (jkt !== '') return make(purpose)
      const known = kept.get(role)
      if (known !== undefined) return known
      if (kept.size >= KEPT) kept.clear()
      const prepared = make(purpose)
      kept.set(role, prepared)
      return prepared
    },
  }
}
