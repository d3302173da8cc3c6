// How long an entry must be kept, against what a policy and a configuration allow.

import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { MAX_CHALLENGE_LIFETIME_SECONDS, outlivedAt } from '../../../src/registry/lifetimes.ts'
import { admitting } from '../../support/test-enroller.ts'

const NOW = 1_800_000_000

/** A policy whose token lives for so long. */
const policyOf = (seconds: number): unknown => {
  const { roles } = structuredClone(admitting()) as {
    roles: { worker: { token: Record<string, unknown> } }
  }
  roles.worker.token['lifetime_seconds'] = seconds
  return { roles }
}

describe('outlivedAt()', () => {
  it('is later than the end of a token of the last second of the longest challenge', () => {
    const longest = parsePolicy(policyOf(3600)).roles[0]?.token.lifetimeSeconds ?? Number.NaN
    expect(() => parsePolicy(policyOf(3601))).toThrow('at most 3600')
    const end = NOW + MAX_CHALLENGE_LIFETIME_SECONDS + longest
    // Two minutes for clocks that differ.
    expect(outlivedAt(NOW)).toBe(end + 120)
  })
})
