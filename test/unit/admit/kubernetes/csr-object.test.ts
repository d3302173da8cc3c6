// What is read of a CertificateSigningRequest and of a Node, and what becomes of members of other types.

import { describe, expect, it } from 'vitest'
import { readCsrObject, readNodeAddresses } from '../../../../src/admit/kubernetes/csr-object.ts'
import { servingCsr } from '../../../support/certificate-requests.ts'

describe('readCsrObject()', () => {
  it('reads the members that a decision needs', () => {
    const extra = { 'rollcall.test/addresses': ['10.0.0.5'] }
    expect(readCsrObject(servingCsr('a.b', 'cmVx', { extra }))).toEqual({
      name: 'csr-1',
      uid: 'uid-of-csr-1',
      createdAt: '2026-11-27T12:00:00Z',
      signerName: 'kubernetes.io/kubelet-serving',
      username: 'system:node:a.b',
      groups: ['system:nodes', 'system:authenticated'],
      extra,
      usages: ['key encipherment', 'digital signature', 'server auth'],
      request: 'cmVx',
      isDecided: false,
    })
  })

  it.each([
    ['a condition', { conditions: [{ type: 'Failed' }] }],
    ['a certificate', { certificate: 'LS0t' }],
  ])('calls a request with %s decided', (_, status) => {
    expect(readCsrObject({ ...servingCsr('a', ''), status })?.isDecided).toBe(true)
  })

  it('reads members of another type as empty', () => {
    const spec = { username: 1, groups: 'system:nodes', extra: [], usages: [null], request: {} }
    const read = readCsrObject({ metadata: { name: 'a', uid: 'b' }, spec, status: [] })
    expect(read).toMatchObject({ username: '', groups: [], extra: {}, usages: [''], request: '' })
    expect(read?.isDecided).toBe(false)
  })

  it.each([[undefined], [null], [1], [[]], [{}], [{ metadata: { name: 'a' } }]])(
    'gives nothing for %j',
    (value) => expect(readCsrObject(value)).toBeUndefined(),
  )
})

describe('readNodeAddresses()', () => {
  it('reads addresses of every kind in one form, and no host names', () => {
    const addresses = [
      { type: 'InternalIP', address: '10.0.0.5' },
      { type: 'ExternalIP', address: '::ffff:47.0.0.1' },
      { type: 'Hostname', address: 'node-1' },
      { type: 'Hostname', address: '10.0.0.6' },
      'wrong',
    ]
    expect(readNodeAddresses({ metadata: { name: 'a' }, status: { addresses } })).toEqual({
      name: 'a',
      addresses: ['10.0.0.5', '47.0.0.1', '10.0.0.6'],
      isControlPlane: false,
    })
  })

  it('reads a Node without a status, and nothing without a name', () => {
    expect(readNodeAddresses({ metadata: { name: 'a' } })).toEqual({
      name: 'a',
      addresses: [],
      isControlPlane: false,
    })
    expect(readNodeAddresses({})).toBeUndefined()
  })

  it('knows a control plane machine by the label of kubeadm, which has no value', () => {
    const labels = { 'node-role.kubernetes.io/control-plane': '' }
    expect(readNodeAddresses({ metadata: { name: 'a', labels } })?.isControlPlane).toBe(true)
    const others = { 'node-role.kubernetes.io/worker': '', 'example/control-plane': '' }
    expect(readNodeAddresses({ metadata: { name: 'a', labels: others } })?.isControlPlane).toBe(
      false,
    )
  })
})
