// Which requests are pending, and whose turn it is: no requester takes the places of others, and each has its turn.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CsrObject, readCsrObject } from '../../../../src/admit/kubernetes/csr-object.ts'
import { hasPlace } from '../../../../src/admit/kubernetes/decide-csr.ts'
import { type WaitingLine, createWaitingLine } from '../../../../src/admit/kubernetes/pending.ts'
import { servingCsr } from '../../../support/certificate-requests.ts'

const RULES = { issuer: 'https://rollcall.test' }
const PLACES = 100
const PLACES_OF_USER = 5

const csr = (name: string, node: string, more: Partial<CsrObject> = {}): CsrObject => ({
  ...(readCsrObject(servingCsr(node, '', {}, name)) as CsrObject),
  ...more,
})

/** A request whose user authenticated with a token of rollcall. */
const withToken = (name: string, node: string): CsrObject =>
  csr(name, node, { extra: { 'rollcall.test/addresses': ['10.0.0.5'] } })

const times = <Value>(count: number, make: (index: number) => Value): readonly Value[] =>
  Array.from({ length: count }, (_, index) => make(index))

const namesOf = (csrs: readonly CsrObject[]): readonly string[] => csrs.map(({ name }) => name)

/** Walks as the approver does if all requests stay pending. @returns the names of those that were looked at */
const look = (line: WaitingLine, csrs: Iterable<CsrObject>): readonly string[] => {
  const { requests, before, keep } = line.walk(csrs)
  const looked: CsrObject[] = []
  for (const it of requests) {
    if (!hasPlace(before(it))) continue
    keep(it)
    looked.push(it)
  }
  return namesOf(looked)
}

describe('createWaitingLine()', () => {
  it('gives undecided requests of nodes, the oldest first, and by name within a second', () => {
    const all = [
      csr('c', 'n1'),
      csr('b', 'n2'),
      csr('a', 'n3', { createdAt: '2026-11-27T12:00:01Z' }),
      csr('decided', 'n1', { isDecided: true }),
      csr('person', 'n1', { username: 'admin' }),
      csr('signer', 'n1', { signerName: 'kubernetes.io/kube-apiserver-client-kubelet' }),
    ]
    expect(namesOf(createWaitingLine(RULES).walk(all).requests)).toEqual(['b', 'c', 'a'])
  })

  it('gives those with a token first, then the first request of each user, then the second', () => {
    const all = [
      csr('a', 'n1'),
      csr('b', 'n1'),
      csr('c', 'n1'),
      csr('d', 'n2'),
      csr('e', 'n2'),
      withToken('f', 'n3'),
    ]
    const { requests } = createWaitingLine(RULES).walk(all)
    expect(namesOf(requests)).toEqual(['f', 'a', 'd', 'b', 'e', 'c'])
  })

  it('counts the requests that were kept, those of one user among them, and those with a token apart', () => {
    const { before, keep } = createWaitingLine(RULES).walk([])
    const certificate = csr('a', 'n1')
    const token = withToken('b', 'n1')
    expect(before(certificate)).toEqual({ ofUser: 0, inAll: 0 })
    keep(certificate)
    keep(csr('c', 'n2'))
    keep(certificate)
    expect(before(certificate)).toEqual({ ofUser: 2, inAll: 3 })
    expect(before(csr('d', 'n3'))).toEqual({ ofUser: 0, inAll: 3 })
    expect(before(token)).toEqual({ ofUser: 0, inAll: 0 })
  })

  it('gives the sixth request of a user its turn in the next walk', () => {
    const line = createWaitingLine(RULES)
    const all = times(6, (i) => csr(`a-${i}`, 'n1'))
    expect(look(line, all)).toEqual(['a-0', 'a-1', 'a-2', 'a-3', 'a-4'])
    expect(look(line, all)).toEqual(['a-5', 'a-0', 'a-1', 'a-2', 'a-3'])
  })

  it('lets a request wait unread only if it was read before and the places are taken', () => {
    const line = createWaitingLine(RULES)
    const all = times(6, (i) => csr(`a-${i}`, 'n1'))
    look(line, all)
    const { requests, canWait, keep } = line.walk(all)
    expect(requests.map(canWait)).toEqual(times(6, () => false))
    for (const it of requests.slice(0, PLACES_OF_USER)) keep(it)
    expect(requests.map(canWait)).toEqual(times(6, () => true))
    expect(canWait(csr('new', 'n1'))).toBe(false)
  })

  it('keeps the turn of a request that waits, and knows until then that it is new', () => {
    const line = createWaitingLine(RULES)
    const all = times(7, (i) => csr(`a-${i}`, 'n1'))
    const [, , , , , sixth] = all as [
      CsrObject,
      CsrObject,
      CsrObject,
      CsrObject,
      CsrObject,
      CsrObject,
    ]
    const first = line.walk(all)
    for (const it of first.requests.slice(0, PLACES_OF_USER)) first.keep(it)
    expect([first.canWait(sixth), first.isNew(sixth)]).toEqual([false, true])
    first.wait(sixth)
    expect([first.canWait(sixth), first.isNew(sixth)]).toEqual([true, true])
    const second = line.walk(all)
    expect(namesOf(second.requests)).toEqual(['a-5', 'a-6', 'a-0', 'a-1', 'a-2', 'a-3', 'a-4'])
    expect(second.canWait(sixth)).toBe(false)
    second.keep(sixth)
    expect(second.isNew(sixth)).toBe(false)
  })

  it('forgets the turn of a request that is gone', () => {
    const line = createWaitingLine(RULES)
    look(line, [csr('a', 'n1')])
    line.forget('uid-of-a')
    const { canWait, keep } = line.walk([])
    times(PLACES_OF_USER, (i) => keep(csr(`b-${i}`, 'n1')))
    expect(canWait(csr('a', 'n1'))).toBe(false)
  })

  it('looks at a node with a token in its first walk, however many others there are', () => {
    const property = fc.property(
      fc.array(fc.nat({ max: 40 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: PLACES }),
      (floods, nodes) => {
        // The names sort before the names of the nodes; one is the name of a node.
        const flood = floods.flatMap((count, user) =>
          times(count, (i) => csr(`a-${user}-${i}`, user === 0 ? 'node-0' : `n${user}`)),
        )
        const own = times(nodes, (i) => withToken(`z-${i}`, `node-${i}`))
        const looked = look(createWaitingLine(RULES), [...flood, ...own])
        expect(looked).toEqual(expect.arrayContaining([...namesOf(own)]))
        expect(looked.length).toBeLessThanOrEqual(nodes + PLACES)
      },
    )
    fc.assert(property, { numRuns: 100, seed: 20_261_127 })
  })

  it('looks at a lone request once those who waited before it had a turn, whatever comes later', () => {
    const property = fc.property(
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 400 }),
      fc.array(fc.nat({ max: 150 }), { minLength: 5, maxLength: 5 }),
      (before, later) => {
        const line = createWaitingLine(RULES)
        const waiting = before.flatMap((count, user) =>
          times(count, (i) => csr(`a-${user}-${i}`, `n${user}`)),
        )
        waiting.push(csr('z', 'lone'))
        const turn = Math.ceil((before.length + 1) / PLACES)
        const walks = later.map((count, walk) => {
          const looked = look(line, waiting)
          // New users, and more requests of the old ones.
          waiting.push(
            ...times(count, (i) => csr(`b-${walk}-${i}`, i % 2 === 0 ? `m${walk}-${i}` : `n${i}`)),
          )
          return looked.includes('z')
        })
        expect(walks.indexOf(true)).toBeLessThan(turn)
        expect(walks.indexOf(true)).toBeGreaterThanOrEqual(0)
      },
    )
    fc.assert(property, { numRuns: 50, seed: 20_261_127 })
  })

  it('looks at each of many requests again and again', () => {
    const line = createWaitingLine(RULES)
    const all = times(30, (user) =>
      times(1 + user * 3, (i) => csr(`a-${user}-${i}`, `n${user}`)),
    ).flat()
    const looks = new Map(all.map(({ name }) => [name, 0]))
    for (let walk = 0; walk < 60; walk++) {
      const looked = look(line, all)
      expect(looked.length).toBeLessThanOrEqual(PLACES)
      for (const name of looked) looks.set(name, (looks.get(name) ?? 0) + 1)
    }
    // The user with the most has 88 requests, and at least three places in each walk.
    expect(Math.min(...looks.values())).toBeGreaterThanOrEqual(2)
  })
})
