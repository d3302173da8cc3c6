// Which claims of other Nodes count against an address. The table of decideCsr() has the decisions.

import { describe, expect, it } from 'vitest'
import { addressesOfRecord, checkClaims } from '../../../../src/admit/kubernetes/claims.ts'

const ADDRESS = '10.0.0.5'
const node = (name: string, isControlPlane = false) => ({
  name,
  addresses: [ADDRESS],
  isControlPlane,
})

describe('checkClaims()', () => {
  it('asks for each other Node that has the address, and not for those that were looked up', () => {
    const nodes = [node('own'), node('a'), node('b'), { ...node('c'), addresses: ['10.0.0.6'] }]
    expect(checkClaims(ADDRESS, 'own', { nodes })).toMatchObject({
      refusal: { reason: 'NodesUnknown', lookUp: ['a', 'b'] },
    })
    const attested = new Map([['a', []]])
    expect(checkClaims(ADDRESS, 'own', { nodes, attested })).toMatchObject({
      refusal: { reason: 'NodesUnknown', lookUp: ['b'] },
    })
  })

  it('lets no number of claims hide an attested one', () => {
    const others = Array.from({ length: 500 }, (_, at) => node(`fake-${at}`))
    const attested = new Map<string, readonly string[]>(others.map(({ name }) => [name, []]))
    const facts = { nodes: [...others, node('real')], attested: attested.set('real', [ADDRESS]) }
    expect(checkClaims(ADDRESS, 'own', facts)).toMatchObject({
      refusal: { reason: 'AddressOfOtherNode', message: expect.stringContaining('"real"') },
    })
    attested.set('real', ['10.0.0.6'])
    expect(checkClaims(ADDRESS, 'own', facts).ok).toBe(true)
  })

  it('waits for a record that cannot be read, but not if another claim is attested', () => {
    const attested = new Map([['a', 'ServiceUnavailable' as const]])
    const check = (...nodes: readonly ReturnType<typeof node>[]): unknown =>
      checkClaims(ADDRESS, 'own', { nodes, attested })
    expect(check(node('a'))).toMatchObject({ refusal: { reason: 'ServiceUnavailable' } })
    expect(check(node('a'), node('control', true))).toMatchObject({
      refusal: { reason: 'AddressOfOtherNode' },
    })
  })
})

describe('addressesOfRecord()', () => {
  it('takes no address from a record that was ended, and none without a record', () => {
    const record = { nodeName: 'a', address: ADDRESS, enrolledAt: 1, isRevoked: false }
    expect(addressesOfRecord(record)).toEqual([ADDRESS])
    expect(addressesOfRecord({ ...record, isRevoked: true })).toEqual([])
    expect(addressesOfRecord('NotEnrolled')).toEqual([])
    expect(addressesOfRecord('ServiceUnavailable')).toBe('ServiceUnavailable')
  })
})
