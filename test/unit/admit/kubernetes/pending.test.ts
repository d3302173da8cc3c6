// Which requests are pending, and how many are older.

import { describe, expect, it } from 'vitest'
import { type CsrObject, readCsrObject } from '../../../../src/admit/kubernetes/csr-object.ts'
import { olderThan, pendingRequests } from '../../../../src/admit/kubernetes/pending.ts'
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

describe('olderThan()', () => {
  it('counts the requests before one, and those of its user', () => {
    const all = [csr('a', 'n1'), csr('b', 'n2'), csr('c', 'n1'), csr('d', 'n1')]
    const pending = pendingRequests(all, RULES)
    expect(pending.map((each) => olderThan(pending, each))).toEqual([
      { inAll: 0, ofUser: 0 },
      { inAll: 1, ofUser: 0 },
      { inAll: 2, ofUser: 1 },
      { inAll: 3, ofUser: 2 },
    ])
  })
})
