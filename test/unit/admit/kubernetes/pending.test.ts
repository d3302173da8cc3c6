// Which requests are pending, and how many are older.

import { describe, expect, it } from 'vitest'
import { type CsrObject, readCsrObject } from '../../../../src/admit/kubernetes/csr-object.ts'
import { countLeft, pendingRequests } from '../../../../src/admit/kubernetes/pending.ts'
import { servingCsr } from '../../../support/certificate-requests.ts'

const RULES = { issuer: 'https://rollcall.test' }

const csr = (name: string, node: string, more: Partial<CsrObject> = {}): CsrObject => ({
  ...(readCsrObject(servingCsr(node, '', {}, name)) as CsrObject),
  ...more,
})

describe('pendingRequests()', () => {
  it('gives undecided requests of nodes, the oldest first, and by name within a second', () => {
    const all = [
      csr('c', 'n1'),
      csr('b', 'n2'),
      csr('a', 'n3', { createdAt: '2026-11-27T12:00:01Z' }),
      csr('decided', 'n1', { isDecided: true }),
      csr('person', 'n1', { username: 'admin' }),
      csr('signer', 'n1', { signerName: 'kubernetes.io/kube-apiserver-client-kubelet' }),
    ]
    expect(pendingRequests(all, RULES).map(({ name }) => name)).toEqual(['b', 'c', 'a'])
  })
})

describe('countLeft()', () => {
  it('counts the requests that were left, and those of one user', () => {
    const left = countLeft()
    expect(left.before('system:node:n1')).toEqual({ inAll: 0, ofUser: 0 })
    left.add(csr('a', 'n1'))
    left.add(csr('b', 'n2'))
    left.add(csr('c', 'n1'))
    expect(left.before('system:node:n1')).toEqual({ inAll: 3, ofUser: 2 })
    expect(left.before('system:node:n3')).toEqual({ inAll: 3, ofUser: 0 })
  })

  it('counts at most five requests of one user in the whole', () => {
    const left = countLeft()
    for (let i = 0; i < 101; i++) left.add(csr(`a-${i}`, 'n1'))
    left.add(csr('b', 'n2'))
    expect(left.before('system:node:n1')).toEqual({ inAll: 6, ofUser: 101 })
    expect(left.before('system:node:n3')).toEqual({ inAll: 6, ofUser: 0 })
  })
})
